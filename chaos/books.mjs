/*
 * What the client knows: every event follows from its number, and the books say which numbers were acknowledged. At the end they are held
 * against the tables and against what the API answers.
 */
const ACCOUNTS = 40;
const NODES = 2_000;
const SOURCE = '//chaos/nodes';
/** Levels hold for whole steps, so that their sum is exact in thousandths of an hour. */
const STEP_MS = 3_600;
const LONG = 'long '.repeat(300);
const DAY_MS = 86_400_000;
const FAULTS_SHOWN = 5;

const account = (i) => `account-${i % ACCOUNTS}`;
const isLevel = (i) => Math.floor(i / NODES) % 4 === 3;
const value = (i) => (i * 7919) % 50;

const METERS = {
  added: { name: 'Added', aggregation: 'sum', value: 'nodes', eventType: 'added' },
  level: { name: 'Level', aggregation: 'time_weighted', mode: 'level', unit: 'hour', value: 'nodes', resource: 'node', eventType: 'level' },
};

/** Takes events out to be sent, and back where they were not acknowledged. */
export class Books {
  constructor(events) {
    this.events = events;
    this.start = Math.floor(Date.now() / DAY_MS) * DAY_MS - 36 * DAY_MS;
    if (events * STEP_MS > 35 * DAY_MS) throw new RangeError('too many events for 35 days');
    this.acknowledged = new Uint8Array(events);
    /** Events of a request of which it is not known whether it was stored. */
    this.unclear = new Uint8Array(events);
    this.waiting = [Array.from({ length: events }, (_, i) => i)];
    this.told = { accepted: 0, duplicates: 0 };
    this.faults = [];
  }

  async setUp({ call, pool }) {
    for (const [key, meter] of Object.entries(METERS)) await call('PUT', `/v2/meters/${key}`, meter);
    for (let i = 0; i < ACCOUNTS; i += 1)
      await call('PUT', `/v2/accounts/${account(i)}`, {
        kind: 'user',
        name: account(i),
        currency: 'USD',
        timeZone: 'UTC',
        provider: 'manual',
      });
    await pool.query('analyze account');
  }

  json(i) {
    return `{"specversion":"1.0","id":"e-${i}","source":"${SOURCE}","type":"${isLevel(i) ? 'level' : 'added'}","subject":"${account(i)}","time":"${new Date(this.start + i * STEP_MS).toISOString()}","data":{"node":"node-${i % NODES}","nodes":${value(i)},"note":"${i % 2 === 0 ? LONG : 'short'}"}}`;
  }

  /** Up to so many events that wait. */
  take(count) {
    const taken = [];
    while (taken.length < count && this.waiting.length > 0) {
      const first = this.waiting[0];
      taken.push(...first.splice(0, count - taken.length));
      if (first.length === 0) this.waiting.shift();
    }
    return taken;
  }

  giveBack(events, { unclear }) {
    if (events.length === 0) return;
    if (unclear) for (const i of events) this.unclear[i] = 1;
    this.waiting.push(events);
  }

  /** In another order, so that other events go together. */
  shuffle(random) {
    const all = this.waiting.flat();
    for (let i = all.length - 1; i > 0; i -= 1) {
      const j = Math.floor(random() * (i + 1));
      [all[i], all[j]] = [all[j], all[i]];
    }
    this.waiting = [all];
  }

  get waitingCount() {
    return this.waiting.reduce((sum, part) => sum + part.length, 0);
  }

  /** An answer to these events. */
  acknowledge(events, { accepted, duplicates, conflicts, rejected, results, truncated }, first = 0) {
    if (accepted + duplicates !== events.length || conflicts > 0 || rejected > 0)
      this.fault(
        `${events.length} events were answered with ${JSON.stringify({ accepted, duplicates, conflicts, rejected })}: ${JSON.stringify(results[0])}`,
      );
    if (truncated !== true && results.length !== duplicates + conflicts + rejected)
      this.fault(`${duplicates} duplicates, ${results.length} results`);
    for (const { index, id } of results) {
      const i = events[index - first];
      if (id !== `e-${i}`) this.fault(`the result of e-${i} is called ${id}`);
      else if (!this.unclear[i]) this.fault(`e-${i} is a duplicate, and was never stored before`);
    }
    this.told.accepted += accepted;
    this.told.duplicates += duplicates;
    for (const i of events) this.acknowledged[i] += 1;
  }

  fault(what) {
    this.faults.push(what);
    if (this.faults.length <= FAULTS_SHOWN) console.log(`  WRONG: ${what}`);
  }

  /** Each event by how often it is in a table. */
  async stored(pool) {
    const times = new Uint8Array(this.events);
    const { rows } = await pool.query({ text: `select substr(id, 3)::int from usage_event where source = '${SOURCE}'`, rowMode: 'array' });
    for (const [i] of rows) times[i] += 1;
    return times;
  }

  /** Whatever was acknowledged is stored, now; nothing is stored twice. */
  async holdAgainstTable(pool) {
    const times = await this.stored(pool);
    let [lost, twice] = [0, 0];
    for (let i = 0; i < this.events; i += 1) {
      if (this.acknowledged[i] > 0 && times[i] === 0) lost += 1;
      if (times[i] > 1) twice += 1;
    }
    if (lost > 0) this.fault(`${lost} acknowledged events are missing`);
    if (twice > 0) this.fault(`${twice} events are stored twice`);
    return times.reduce((sum, one) => sum + (one > 0 ? 1 : 0), 0);
  }

  /** All was acknowledged once, is stored once, and counted once. */
  async close({ call, pool }) {
    const stored = await this.holdAgainstTable(pool);
    if (stored !== this.events) this.fault(`${stored} of ${this.events} events are stored`);
    const acknowledged = this.acknowledged.reduce((sum, one) => sum + (one === 1 ? 1 : 0), 0);
    if (acknowledged !== this.events) this.fault(`${acknowledged} of ${this.events} events were acknowledged once`);
    const { accepted, duplicates } = this.told;
    const unclear = this.unclear.reduce((sum, one) => sum + one, 0);
    if (accepted + duplicates !== this.events || duplicates > unclear)
      this.fault(`told: ${accepted} accepted and ${duplicates} duplicates of ${this.events}, ${unclear} of which were unclear`);
    const { rows } = await pool.query(
      `select count(*)::int as identities, count(e.event_seq)::int as pairs from event_identity i
       left join usage_event e on e.account_id = i.account_id and e.event_time = i.event_time and e.event_seq = i.event_seq`,
    );
    if (rows[0].identities !== this.events || rows[0].pairs !== this.events)
      this.fault(`identities: ${JSON.stringify(rows[0])} of ${this.events}`);
    await this.holdAgainstReceipts(call);
    await this.holdAgainstMeters(call);
  }

  async holdAgainstReceipts(call) {
    const day = (ms) => new Date(ms).toISOString().slice(0, 10);
    const { data } = await call('GET', `/v2/usage/receipts?source=${SOURCE}&from=${day(this.start)}&to=${day(this.start + 37 * DAY_MS)}`);
    const received = data.reduce((sum, { events }) => sum + events, 0);
    if (received !== this.events) this.fault(`the receipts say ${received} of ${this.events} events`);
  }

  async holdAgainstMeters(call) {
    const until = this.start + 36 * DAY_MS;
    const expected = this.expected(until);
    for (const meter of Object.keys(METERS))
      for (let a = 0; a < ACCOUNTS; a += 1) {
        const range = `from=${new Date(this.start).toISOString()}&to=${new Date(until).toISOString()}`;
        const { data } = await call('GET', `/v2/usage/query?meter=${meter}&account=${account(a)}&${range}`);
        if (data[0]?.quantity !== expected[meter][a])
          this.fault(`${meter} of ${account(a)} is ${data[0]?.quantity}, not ${expected[meter][a]}`);
      }
  }

  /** What the meters come to, from the books alone. */
  expected(until) {
    const added = new Array(ACCOUNTS).fill(0);
    const thousandths = new Array(ACCOUNTS).fill(0);
    const steps = (until - this.start) / STEP_MS;
    const last = new Map();
    for (let i = 0; i < this.events; i += 1) {
      if (!isLevel(i)) {
        added[i % ACCOUNTS] += value(i);
        continue;
      }
      const node = i % NODES;
      const before = last.get(node);
      if (before !== undefined) thousandths[i % ACCOUNTS] += value(before) * (i - before);
      last.set(node, i);
    }
    for (const i of last.values()) thousandths[i % ACCOUNTS] += value(i) * (steps - i);
    return { added: added.map(String), level: thousandths.map((n) => String(n / 1000)) };
  }
}
