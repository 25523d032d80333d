import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Received {
  readonly path: string;
  readonly id: string;
  readonly signatures: readonly string[];
  readonly timestamp: string;
  readonly text: string;
  readonly body: any;
}

type Answers = (request: IncomingMessage, response: ServerResponse, received: Received) => void;

/** Who receives webhooks: on 127.0.0.1, and as the test says. */
export class Receiver {
  readonly received: Received[] = [];
  answers: Answers = (_request, response) => response.writeHead(204).end();
  private readonly server = createServer((request, response) => {
    void this.receive(request, response);
  });

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.server.listen(0, '127.0.0.1');
    await once(receiver.server, 'listening');
    return receiver;
  }

  url(path: string): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}/${path}`;
  }

  at(path: string): Received[] {
    return this.received.filter((one) => one.path === `/${path}`);
  }

  cut(): void {
    this.server.closeAllConnections();
  }

  async close(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const header = (name: string): string => String(request.headers[name]);
    const received = {
      path: request.url ?? '',
      id: header('webhook-id'),
      signatures: header('webhook-signature').split(' '),
      timestamp: header('webhook-timestamp'),
      text: body,
      body: JSON.parse(body),
    };
    this.received.push(received);
    this.answers(request, response, received);
  }
}

/** The signature of a message by a secret, as docs/webhooks.md tells receivers to compute it. */
export const signatureOf = ({ id, timestamp, text: body }: Received, secret: string): string =>
  `v1,${createHmac('sha256', Buffer.from(secret.split('_')[1] ?? '', 'base64'))
    .update(`${id}.${timestamp}.${body}`)
    .digest('base64')}`;
