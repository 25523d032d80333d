import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { BodyRoom } from '../../src/common/http/body-room.js';
import { TestApp } from '../support/app.js';
import { chunksIn, type OpenRequest, openRequest, textOf, until } from '../support/open-request.js';

const MIB = 1024 * 1024;
const ROOM = 12 * MIB;

let wharfage: TestApp;
let server: Server;
let port: number;
beforeAll(async () => {
  wharfage = await TestApp.start({ env: { ROLE: 'api', INTAKE_BYTES_MAX: String(ROOM) } });
  await wharfage.ok('PUT', '/v2/meters/calls', { name: 'Calls', eventType: 'call', aggregation: 'count' });
  await wharfage.app.listen(0, '127.0.0.1');
  server = wharfage.app.getHttpServer();
  port = (server.address() as AddressInfo).port;
}, 30_000);
afterAll(async () => {
  server.closeAllConnections();
  await wharfage.close();
});

let subject = 0;
beforeEach(async () => {
  subject += 1;
  await wharfage.ok('PUT', `/v2/accounts/a${String(subject)}`, { kind: 'user', name: 'A', currency: 'USD', timeZone: 'UTC' });
});

const lineOf = (id: string, more: object = {}): string =>
  `${JSON.stringify({ id, source: 's', type: 'call', subject: `a${String(subject)}`, time: '2025-12-31T00:00:00Z', data: {}, ...more })}\n`;
const linesOf = (prefix: string, count: number): string =>
  Array.from({ length: count }, (_, i) => lineOf(`${prefix}${String(i)}`)).join('');
const used = async (): Promise<string> =>
  (await wharfage.ok('GET', `/v2/usage/query?meter=calls&account=a${String(subject)}&from=2025-01-01T00:00:00Z&to=2026-02-01T00:00:00Z`))
    .data[0].quantity;
const newKey = (): Promise<{ id: string; key: string }> => wharfage.ok('POST', '/v2/api-keys', { name: 'k', scopes: ['usage:write'] });

const NDJSON = { 'content-type': 'application/x-ndjson' };
const BY_CHUNK = { ...NDJSON, accept: 'application/x-ndjson' };
const send = (payload: unknown, headers: Record<string, string> = NDJSON, query = ''): Promise<any> =>
  wharfage.call('POST', `/v2/usage/events${query}`, payload, headers);
const open = (headers: Readonly<Record<string, string | number>>, key = wharfage.adminKey): OpenRequest =>
  openRequest({ port, path: '/v2/usage/events', headers: { authorization: `Bearer ${key}`, ...headers } });

describe('a stream of lines', () => {
  test('what is not accepted is found by its position and its line, and says what is wrong with the line', async () => {
    const body = `${lineOf('a')}\n  \r\nno json\n${lineOf('b')}${lineOf('c', { data: { pad: 'x'.repeat(65_536) } })}7\n${lineOf('a')}`;
    expect((await send(body)).body).toEqual({
      accepted: 2,
      duplicates: 1,
      conflicts: 0,
      rejected: 3,
      results: [
        { index: 1, line: 4, id: null, status: 'rejected', code: 'invalid_json', pointer: '' },
        { index: 3, line: 6, id: null, status: 'rejected', code: 'line_too_long', pointer: '' },
        { index: 4, line: 7, id: null, status: 'rejected', code: 'not_an_object', pointer: '' },
        { index: 5, line: 8, id: 'a', status: 'duplicate' },
      ],
    });
  });

  test('a line of many MiB costs its own, and no other', async () => {
    const body = Buffer.from(`${lineOf('a')}${'x'.repeat(20 * MIB)}\n${lineOf('b')}`);
    const reply = await send(gzipSync(body), { ...NDJSON, 'content-encoding': 'gzip' });
    expect(reply.body).toMatchObject({ accepted: 2, rejected: 1, results: [{ index: 1, line: 2, code: 'line_too_long' }] });
  });

  test('each part is answered when it is committed, where that is asked for', async () => {
    const reply = await send(`\n${linesOf('e', 5_000)}broken\n${linesOf('e', 2)}`, BY_CHUNK);
    expect(reply.headers['content-type']).toBe('application/x-ndjson');
    expect(chunksIn(reply.text)).toEqual([
      { accepted: 5_000, duplicates: 0, conflicts: 0, rejected: 0, results: [], throughLine: 5_001 },
      {
        accepted: 0,
        duplicates: 2,
        conflicts: 0,
        rejected: 1,
        results: [
          { index: 5_000, line: 5_002, id: null, status: 'rejected', code: 'invalid_json', pointer: '' },
          { index: 5_001, line: 5_003, id: 'e0', status: 'duplicate' },
          { index: 5_002, line: 5_004, id: 'e1', status: 'duplicate' },
        ],
        throughLine: 5_004,
      },
    ]);
    expect(await used()).toBe('5000');
  });

  test('the answers come while it is still being sent', async () => {
    const { sent, answer } = open(BY_CHUNK);
    sent.write(linesOf('live', 5_000));
    const pieces = (await answer).iterator({ destroyOnReturn: false });
    const { value } = (await pieces.next()) as { value: Buffer };
    expect(JSON.parse(String(value))).toMatchObject({ accepted: 5_000 });
    sent.end(lineOf('last'));
    const { value: next } = (await pieces.next()) as { value: Buffer };
    expect(JSON.parse(String(next))).toMatchObject({ accepted: 1, throughLine: 5_001 });
  });

  test('a part ends at 8 MiB of text', async () => {
    const line = `${JSON.stringify({ pad: 'x'.repeat(60_000) })}\n`;
    const chunks = chunksIn((await send(line.repeat(300), BY_CHUNK)).text);
    expect(chunks.map(({ rejected }) => rejected)).toEqual([139, 139, 22]);
  });

  test('of more results than 10,000 the first are listed, and all are counted', async () => {
    const { body } = await send('x\n'.repeat(10_050));
    expect(body).toMatchObject({ rejected: 10_050, truncated: true });
    expect(body.results).toHaveLength(10_000);
  });
});

describe('a stream whose key is revoked', () => {
  /** The key is revoked when the first part is committed; then more is sent. */
  async function* revokedMeanwhile(id: string): AsyncGenerator<string> {
    yield linesOf('r', 5_000);
    await until(async () => (await used()) === '5000');
    await wharfage.call('DELETE', `/v2/api-keys/${id}`);
    yield linesOf('r', 6_000);
  }

  test('ends with a problem, and what was committed stays', async () => {
    const { id, key } = await newKey();
    const reply = await send(Readable.from(revokedMeanwhile(id)), { ...NDJSON, authorization: `Bearer ${key}` });
    expect(reply).toMatchObject({ status: 401, body: { code: 'api_key_revoked' } });
    expect(await used()).toBe('5000');
  });

  test('ends with a problem as its last line, where parts are answered', async () => {
    const { id, key } = await newKey();
    const reply = await send(Readable.from(revokedMeanwhile(id)), { ...BY_CHUNK, authorization: `Bearer ${key}` });
    expect(reply.status).toBe(200);
    expect(chunksIn(reply.text)).toMatchObject([{ accepted: 5_000 }, { status: 401, code: 'api_key_revoked' }]);
    expect(await used()).toBe('5000');
  });

  test.each([
    ['in one answer', NDJSON],
    ['part by part', BY_CHUNK],
  ])('is told so (%s) though it is not at its end, and its connection does not stay', async (_case, headers) => {
    const { id, key } = await newKey();
    const { sent, answer } = open(headers, key);
    const closed = new Promise((resolve) => sent.once('close', resolve));
    sent.on('error', () => undefined).write(linesOf('s', 5_000));
    await until(async () => (await used()) === '5000');
    await wharfage.call('DELETE', `/v2/api-keys/${id}`);
    sent.write(linesOf('t', 5_000));
    expect(await textOf(await answer)).toContain('api_key_revoked');
    await closed;
    expect(await used()).toBe('5000');
  });
});

test('each part of a stream is a request to the limit of its key', async () => {
  const limited = await TestApp.start({ env: { ROLE: 'api', RATE_LIMIT: '1', DATABASE_URL: wharfage.url } });
  try {
    const post = (headers: object): Promise<any> =>
      limited.send('POST', '/v2/usage/events', {
        payload: 'x\n'.repeat(50_000),
        headers: { authorization: `Bearer ${wharfage.adminKey}`, ...headers },
      });
    expect(await post(NDJSON)).toMatchObject({
      status: 429,
      body: { code: 'rate_limited' },
      headers: { 'retry-after': '1', ratelimit: '"default";r=0;t=1', 'ratelimit-policy': '"default";q=1;w=1' },
    });
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const lines = chunksIn((await post(BY_CHUNK)).text);
    expect(lines.at(0)).toMatchObject({ rejected: 5_000 });
    expect(lines.at(-1)).toMatchObject({ status: 429, code: 'rate_limited' });
  } finally {
    await limited.close();
  }
});

describe('bodies for which there is no room', () => {
  const JSON_TYPE = { 'content-type': 'application/json' };
  let holders: OpenRequest[] = [];

  const isRoomFor = (bytes: number): boolean => {
    const room = wharfage.app.get(BodyRoom);
    const taken = room.take(bytes);
    if (taken) room.give(bytes);
    return taken;
  };

  /** Takes room for so many bytes, of which it hardly sends any. */
  const hold = async (bytes: number): Promise<void> => {
    for (let left = bytes; left > 0; left -= 8 * MIB) {
      const holder = open({ ...JSON_TYPE, 'content-length': Math.min(left, 8 * MIB) });
      holder.sent.on('error', () => undefined).write(' ');
      holders.push(holder);
    }
    await until(() => !isRoomFor(ROOM - bytes + 1));
  };
  const release = async (): Promise<void> => {
    for (const { sent } of holders) sent.destroy();
    holders = [];
    await until(() => isRoomFor(ROOM));
  };
  afterEach(release);

  test('are refused before they are read, with the time to wait, until there is some', async () => {
    await hold(ROOM - 3 * MIB);
    const unread = open({ ...JSON_TYPE, 'content-length': 4 * MIB });
    const answer = await unread.answer;
    expect(answer.headers['retry-after']).toBe('1');
    expect(JSON.parse(await textOf(answer))).toMatchObject({ status: 503, code: 'overloaded' });
    unread.sent.destroy();
    const events = JSON.stringify({ events: [JSON.parse(lineOf('a')), { pad: 'x'.repeat(2 * MIB) }] });
    expect(await send(events, JSON_TYPE)).toMatchObject({ status: 200, body: { accepted: 1, rejected: 1 } });
    await release();
    const large = JSON.stringify({ events: [JSON.parse(lineOf('b')), { pad: 'x'.repeat(7 * MIB) }] });
    for (let i = 0; i < 3; i += 1) expect(await send(large, JSON_TYPE)).toMatchObject({ status: 200 });
  });

  test.each<[string, (text: string) => unknown, Record<string, string>]>([
    ['whose length is not declared', (text) => Readable.from([text.slice(0, MIB), text.slice(MIB)]), {}],
    ['that are packed', (text) => gzipSync(text), { 'content-encoding': 'gzip' }],
  ])('are refused as soon as they exceed it: those %s', async (_case, pack, headers) => {
    await hold(ROOM - 3 * MIB);
    const body = (bytes: number): unknown => pack(JSON.stringify({ events: [JSON.parse(lineOf('a')), { pad: 'x'.repeat(bytes) }] }));
    expect(await send(body(4 * MIB), { ...JSON_TYPE, ...headers })).toMatchObject({
      status: 503,
      body: { code: 'overloaded' },
      headers: { 'retry-after': '1' },
    });
    for (let i = 0; i < 3; i += 1) expect(await send(body(2 * MIB), { ...JSON_TYPE, ...headers })).toMatchObject({ status: 200 });
  });

  test('a stream goes on in smaller parts', async () => {
    const long = (id: string): string => lineOf(id, { data: { pad: 'x'.repeat(10_000) } });
    await hold(ROOM - 65_536);
    const reply = await send(Array.from({ length: 30 }, (_, i) => long(`x${String(i)}`)).join(''), BY_CHUNK);
    expect(chunksIn(reply.text).map(({ accepted }) => accepted)).toEqual([6, 6, 6, 6, 6]);
    expect(await send(`${'x'.repeat(65_536)}\n`)).toMatchObject({ status: 200 });
  });

  test('a stream without room for a line is refused, and what was committed stays', async () => {
    await hold(ROOM - 1_000);
    const reply = await send(`${lineOf('small')}${lineOf('large', { data: { pad: 'x'.repeat(2_000) } })}`, NDJSON);
    expect(reply).toMatchObject({ status: 503, body: { code: 'overloaded' }, headers: { 'retry-after': '1' } });
    expect(await used()).toBe('1');
  });
});
