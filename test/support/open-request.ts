import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';

/** A POST on a connection of its own, whose body is still to be sent. */
export interface OpenRequest {
  readonly sent: ClientRequest;
  readonly answer: Promise<IncomingMessage>;
}

export function openRequest({
  port,
  path,
  headers,
}: {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | number>>;
}): OpenRequest {
  const sent = request({ host: '127.0.0.1', port, path, method: 'POST', agent: new Agent({ keepAlive: true }), headers: { ...headers } });
  sent.flushHeaders();
  const answer = new Promise<IncomingMessage>((resolve, reject) => sent.once('response', resolve).once('error', reject));
  answer.catch(() => undefined); // whoever waits for it is told; a connection that was broken off on purpose tells nobody
  return { sent, answer };
}

export async function textOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of answer) text += String(piece);
  return text;
}

/** Waits until something has come to be, and fails where it does not within some seconds. */
export async function until(met: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; !(await met()); tries += 1) {
    if (tries > 400) throw new Error('what was waited for did not come');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The documents of lines of JSON. */
export const chunksIn = (text: string): any[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
