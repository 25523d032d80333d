/*
 * Takes the ground from under the service while it takes events in: a flood with little memory, full disks, connections that are cut between
 * commit and answer. After each, what was acknowledged is held against what is stored and counted. Arguments: a seed, and the name of one
 * scenario.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Books } from './books.mjs';
import { fill, mountSmall, moveToSmall } from './full-disk.mjs';
import { Proxy } from './proxy.mjs';
import { chance, sleep, until } from './random.mjs';
import { Senders } from './senders.mjs';
import { PREFIX, Stage } from './stage.mjs';
import { atEnd, tidily } from './undo.mjs';

const SCENARIOS = { flood, fullDisk, cutConnections };
const given = process.argv.slice(2);
const SEED = Number(given.find((argument) => /^\d+$/.test(argument)) ?? Date.now() % 1_000_000);
const random = chance(SEED);
const between = (least, most) => least + Math.floor(random() * (most - least + 1));

const HEAP_MIB = 128;
/** The heap, what is beside it in any process of Node, and the bodies that are being read. */
const RSS_MIB_MAX = 400;
const FLOOD = { events: 150_000, seconds: 20 };
const FULL = { events: 60_000, dataMib: 256, walMib: 128, seconds: 5 };
const CUT = { events: 60_000, seconds: 25 };

/** Sends the rest until all of it is acknowledged. */
const sendRest = (senders, { hands = 4, size = () => 2_000 } = {}) => senders.run({ hands, form: 'batch', size, pauseMs: 1_000 });

async function finish(name, { stage, books, senders, figures }) {
  await stage.untilReady();
  await sendRest(senders);
  await stage.works();
  await books.close(stage);
  senders.close();
  const all = { events: books.events, ...senders.counts, duplicates: books.told.duplicates, ...figures(), rssMaxMib: stage.rssMaxMib };
  const said = Object.entries(all).map(([what, count]) => `${what} ${count}`);
  console.log(`${name} (seed ${SEED}): ${said.join(', ')}${books.faults.length > 0 ? `; ${books.faults.length} WRONG` : ''}`);
  if (books.faults.length > 0) console.log(`  the service's last words: ${stage.serviceLog.slice(-2_000)}`);
  await stage.clear();
  return { ...all, faults: books.faults.length };
}

async function flood() {
  const stage = await Stage.set({ nodeFlags: [`--max-old-space-size=${HEAP_MIB}`] });
  const books = new Books(FLOOD.events);
  await books.setUp(stage);
  const senders = new Senders({ books, key: stage.key, port: stage.port });
  let liveMaxMs = 0;
  const probe = setInterval(async () => {
    const asked = performance.now();
    const reply = await fetch(`${stage.base}/health/live`).catch((error) => error);
    liveMaxMs = Math.max(liveMaxMs, Math.round(performance.now() - asked));
    if (!reply.ok) books.fault(`not alive: ${reply.status ?? reply}`);
  }, 1_000);
  const end = performance.now() + FLOOD.seconds * 1_000;
  const wave = (hands, form, size) => senders.run({ hands, form, size, pauseMs: 100, goesOn: () => performance.now() < end });
  await Promise.all([
    wave(96, 'batch', () => 1_000),
    wave(4, 'batch', () => 5_000),
    wave(4, 'stream', () => 20_000),
    wave(4, 'parts', () => 20_000),
    wave(8, 'packed', () => 3_000),
    wave(64, 'single', () => 1),
  ]);
  clearInterval(probe);
  await stage.untilReady();
  const acknowledgedInFlood = books.told.accepted + books.told.duplicates;
  await books.holdAgainstTable(stage.pool);
  if (senders.counts.refused === 0) books.fault('the flood was too small: nothing was refused');
  if (stage.rssMaxMib > RSS_MIB_MAX) books.fault(`${stage.rssMaxMib} MiB of memory, more than ${RSS_MIB_MAX}`);
  return finish('flood', { stage, books, senders, figures: () => ({ acknowledgedInFlood, liveMaxMs }) });
}

/** Why there can be no small disk; nothing where there can. */
async function whyNoDisk() {
  if (process.getuid?.() !== 0) return 'only root can mount a small disk';
  const folder = mkdtempSync(join(tmpdir(), PREFIX));
  const clear = atEnd(() => rmSync(folder, { recursive: true }));
  try {
    mountSmall(folder, 1);
    return undefined;
  } catch (error) {
    return error.message;
  } finally {
    await clear();
  }
}

async function fullDisk() {
  const why = await whyNoDisk();
  if (why !== undefined) {
    console.log(`full disk: SKIPPED, ${why}`);
    return { skipped: why };
  }
  const stage = await Stage.set({
    settings: { max_wal_size: '32MB', min_wal_size: '32MB' },
    prepare: (dir) => {
      moveToSmall(join(dir, 'pg'), FULL.dataMib);
      moveToSmall(join(dir, 'pg', 'pg_wal'), FULL.walMib);
    },
  });
  const books = new Books(FULL.events);
  await books.setUp(stage);
  const senders = new Senders({ books, key: stage.key, port: stage.port });
  const figures = {};
  let stopped = false;
  const forms = [
    { hands: 4, form: 'batch', size: () => between(200, 1_000) },
    { hands: 4, form: 'single', size: () => 1 },
    { hands: 1, form: 'stream', size: () => 4_000 },
    { hands: 1, form: 'parts', size: () => 4_000 },
  ];
  const sending = Promise.all(forms.map((form) => senders.run({ ...form, pauseMs: 50, goesOn: () => !stopped })));
  for (const [disk, folder, sign] of [
    ['data', join(stage.dir, 'pg'), 'No space left on device'],
    ['wal', join(stage.dir, 'pg', 'pg_wal'), 'PANIC'],
  ]) {
    const before = { ...senders.counts };
    const makeRoom = fill(folder, { leaveMib: disk === 'data' ? 4 : 0 });
    await until(`${sign} in the database's log`, async () => {
      if (disk === 'wal') await stage.pool.query('select pg_switch_wal()').catch(() => undefined);
      return stage.databaseLog.includes(sign);
    });
    await sleep(FULL.seconds * 1_000);
    figures[`${disk}Refused`] = senders.counts.refused - before.refused;
    if (figures[`${disk}Refused`] === 0) books.fault(`the ${disk} disk was full, and nothing was refused`);
    await makeRoom();
    figures[`${disk}DatabaseDown`] = !(await stage.databaseRuns);
    if (figures[`${disk}DatabaseDown`]) await stage.startDatabase();
    figures[`${disk}ReadyMs`] = await stage.untilReady();
    await books.holdAgainstTable(stage.pool);
    const { stored } = senders.counts;
    await until('something is stored again', () => senders.counts.stored > stored || books.waitingCount === 0);
  }
  stopped = true;
  await sending;
  books.shuffle(random);
  return finish('full disk', { stage, books, senders, figures: () => figures });
}

const COMMIT = Buffer.from('COMMIT\0');

/** One of the names, each as often as its share says, or none. */
function oneOf(shares) {
  let left = random();
  return Object.entries(shares).find(([, share]) => (left -= share) < 0)?.[0];
}

async function cutConnections() {
  const stage = await Stage.set({});
  const books = new Books(CUT.events);
  await books.setUp(stage);
  const proxy = await Proxy.to(stage.port);
  atEnd(() => proxy.close());
  proxy.sent = () => oneOf({ cut: 0.01, last: 0.03 });
  proxy.answered = () => oneOf({ cut: 0.1, half: 0.1 });
  stage.proxy.sent = (bytes) => oneOf(bytes.includes(COMMIT) ? { cut: 0.04, last: 0.08 } : { cut: 0.002 });
  stage.proxy.answered = () => oneOf({ cut: 0.002, half: 0.002 });
  const senders = new Senders({ books, key: stage.key, port: proxy.port });
  const end = performance.now() + CUT.seconds * 1_000;
  const shuffling = setInterval(() => books.shuffle(random), 1_000);
  const wave = (hands, form, size) => senders.run({ hands, form, size, pauseMs: 20, goesOn: () => performance.now() < end });
  await Promise.all([
    wave(6, 'batch', () => between(1, 1_000)),
    wave(2, 'packed', () => between(1, 1_000)),
    wave(8, 'single', () => 1),
    wave(2, 'stream', () => between(5_000, 8_000)),
    wave(2, 'parts', () => between(5_000, 8_000)),
  ]);
  clearInterval(shuffling);
  const cuts = { clientsCut: proxy.cutCount, databaseCut: stage.proxy.cutCount, commitsUnanswered: stage.proxy.cuts.last ?? 0 };
  for (const one of [proxy, stage.proxy]) one.sent = one.answered = () => undefined;
  await books.holdAgainstTable(stage.pool);
  if (Object.values(cuts).includes(0) || senders.counts.lost === 0) books.fault(`too little was cut: ${JSON.stringify(cuts)}`);
  books.shuffle(random);
  const result = await finish('cut connections', { stage, books, senders, figures: () => cuts });
  if (result.duplicates > 0) return result;
  console.log('  WRONG: no answer was lost after its commit');
  return { ...result, faults: result.faults + 1 };
}

await tidily(async () => {
  const began = performance.now();
  const asked = given.filter((name) => name in SCENARIOS);
  const results = {};
  for (const name of asked.length > 0 ? asked : Object.keys(SCENARIOS)) results[name] = await SCENARIOS[name]();
  const ok = Object.values(results).every(({ faults = 0 }) => faults === 0);
  if (!ok) process.exitCode = 1;
  console.log(JSON.stringify({ chaos: 'ingest', ok, seed: SEED, seconds: Math.round((performance.now() - began) / 1_000), ...results }));
});
