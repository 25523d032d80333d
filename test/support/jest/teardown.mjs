import { rmSync } from 'node:fs';

export default async function teardown() {
  await globalThis.__postgres?.stop();
  rmSync(globalThis.__run, { recursive: true, force: true });
}
