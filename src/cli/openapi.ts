import { readFileSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { createApp } from '../app.module.js';
import { readConfig } from '../config.js';
import { openApiDocument } from '../openapi-document.js';
import { type Command, UsageError } from './command.js';

const FILE = 'openapi.yaml';

export const openapi: Command = {
  summary: 'write openapi.yaml from the code',
  usage: `Usage: wharfage openapi [--check]\n\n  --check  change nothing; exit status 1 where ${FILE} is not what the code says`,
  async run(args) {
    const unknown = args.find((arg) => arg !== '--check');
    if (unknown !== undefined) throw new UsageError(`unknown option "${unknown}"`);
    const app = await createApp({ ...readConfig({}), logLevel: 'silent' }, { preview: true });
    const text = stringify(openApiDocument(app), { lineWidth: 0, aliasDuplicateObjects: false });
    if (args.length === 0) writeFileSync(FILE, text);
    else if (readFileSync(FILE, 'utf8') !== text) {
      process.stderr.write(`${FILE} is not what the code says: run "npm run openapi" and commit it.\n`);
      return 1;
    }
    return 0;
  },
};
