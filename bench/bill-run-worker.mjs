/* One process of a bill run: starts the service on the database it is given, says so, runs when it is told, and tells what that took. */
import 'reflect-metadata';
import { createApp } from '../dist/src/app.module.js';
import { parseInstant } from '../dist/src/domain/instant.js';
import { BillRunService } from '../dist/src/invoices/bill-run.service.js';
import { readConfig } from '../dist/src/config.js';
import { seconds } from './service.mjs';

const app = await createApp(readConfig());
await app.init();
process.on('message', async (asOf) => {
  let result;
  const took = await seconds(async () => (result = await app.get(BillRunService).run({ asOf: parseInstant(asOf) })));
  process.send({ took, invoices: result.invoices, parked: result.parked, peakKib: process.resourceUsage().maxRSS });
  await app.close();
  process.disconnect();
});
process.send('ready');
