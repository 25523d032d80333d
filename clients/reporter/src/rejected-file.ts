import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { NotTaken } from './answer.js';
import { AppendFile } from './append-file.js';
import type { CompleteEvent } from './event.js';
import { type Lines, measure } from './segments.js';
import { syncDirectory } from './sync-directory.js';

/** An event that the service did not take, and why. */
export interface RejectedEvent {
  /** When the answer came. */
  readonly at: string;
  /** `conflict`: the service has another event of this source and id, which stands. */
  readonly status: NotTaken['status'];
  readonly code: string;
  /** What is wrong in the event, as a JSON pointer. */
  readonly pointer?: string;
  /** The event as it was sent; a text where it is no JSON, after the disk failed. */
  readonly event: CompleteEvent | string;
}

const NAME = 'rejected.ndjson';

/** Where events are kept that the service did not take, for people to look at. Nothing deletes from it. */
export class RejectedFile {
  private file: AppendFile | undefined;

  constructor(private readonly dir: string) {}

  /** Adds events of a batch; they are on the disk afterwards. */
  async add(lines: Lines, notTaken: readonly NotTaken[], at: string): Promise<RejectedEvent[]> {
    const texts = lines.bytes.toString('utf8').split('\n');
    const events = notTaken.map(({ index, status, code, pointer }): RejectedEvent => ({
      at,
      status,
      code,
      ...(pointer === undefined ? {} : { pointer }),
      event: eventOf(texts[index] ?? ''),
    }));
    this.file ??= await openWhole(this.dir);
    await this.file.append(Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join('')), { sync: true });
    return events;
  }

  async close(): Promise<void> {
    await this.file?.close();
    this.file = undefined;
  }
}

async function openWhole(dir: string): Promise<AppendFile> {
  const path = join(dir, NAME);
  await (await open(path, 'a')).close();
  await syncDirectory(dir);
  return AppendFile.open(path, { length: (await measure(path, 0)).end, flags: 'a' });
}

function eventOf(line: string): CompleteEvent | string {
  try {
    return JSON.parse(line) as CompleteEvent;
  } catch {
    return line;
  }
}
