import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * Passes connections on to a port of this machine. `sent` and `answered` are asked about all that passes and may say how to go on with it:
 * `pass` (the default), `cut` (nothing of it passes), `half` (some of it, then the end) or `last` (all of it, and no answer).
 */
export class Proxy {
  sent = () => undefined;
  answered = () => undefined;
  connections = new Set();
  cuts = {};

  static async to(target) {
    const proxy = new Proxy();
    proxy.target = target;
    proxy.server = createServer((client) => proxy.link(client)).listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get port() {
    return this.server.address().port;
  }

  link(client) {
    const upstream = connect(this.target, '127.0.0.1');
    const link = { client, upstream };
    this.connections.add(link);
    const over = () => {
      client.destroy();
      upstream.destroy();
      this.connections.delete(link);
    };
    client
      .setNoDelay(true)
      .on('error', () => undefined)
      .on('close', over);
    upstream
      .setNoDelay(true)
      .on('error', () => undefined)
      .on('close', over);
    link.over = over;
    client.on('data', (bytes) => this.pass(bytes, { from: client, to: upstream, how: this.sent(bytes, link), link }));
    upstream.on('data', (bytes) => this.pass(bytes, { from: upstream, to: client, how: this.answered(bytes, link), link }));
  }

  pass(bytes, { from, to, how = 'pass', link }) {
    if (how !== 'pass') this.cuts[how] = (this.cuts[how] ?? 0) + 1;
    if (how === 'cut') link.over();
    else if (how === 'half') to.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), link.over);
    else if (how === 'last') {
      from.off('close', link.over).destroy();
      to.removeAllListeners('data').resume().end(bytes);
      setTimeout(link.over, 2_000).unref(); // it has long been read by then
    } else if (!to.write(bytes)) {
      from.pause();
      to.once('drain', () => from.resume());
    }
  }

  /** How many connections were cut. */
  get cutCount() {
    return Object.values(this.cuts).reduce((sum, count) => sum + count, 0);
  }

  async close() {
    for (const { over } of this.connections) over();
    this.server.close();
    await once(this.server, 'close');
  }
}
