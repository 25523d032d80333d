import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Database } from '../../src/common/database/database.js';
import { DeliverMails } from '../../src/common/mail/deliver-mails.js';
import { type NewMail, Mails } from '../../src/common/mail/mails.js';
import { TestApp } from '../support/app.js';

/** A mail server that takes what it is told to take. */
class MailServer {
  readonly taken: string[] = [];
  /** What it answers to a message. */
  answer = '250 taken';
  private readonly sockets = new Set<Socket>();
  private readonly server: Server = createServer((socket) => this.talk(socket));

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `smtp://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private talk(socket: Socket): void {
    let [message, inMessage, rest]: [string, boolean, string] = ['', false, ''];
    this.sockets.add(socket);
    socket.on('error', () => undefined).write('220 here\r\n');
    socket.on('data', (data) => {
      const lines = (rest + data.toString()).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (inMessage && line === '.') {
          if (this.answer.startsWith('250')) this.taken.push(message);
          [message, inMessage] = ['', false];
          socket.write(`${this.answer}\r\n`);
        } else if (inMessage) message += `${line}\n`;
        else {
          inMessage = line === 'DATA';
          socket.write(inMessage ? '354 go on\r\n' : '250 yes\r\n');
        }
      }
    });
  }
}

const server = new MailServer();
let wharfage: TestApp;
beforeAll(async () => {
  const url = await server.start();
  wharfage = await TestApp.start({ env: { ROLE: 'api', SMTP_URL: url, MAIL_FROM: 'billing@dock.example' } });
  await wharfage.ok('PUT', '/v2/accounts/acme', { kind: 'user', name: 'Acme', currency: 'USD' });
}, 30_000);
afterAll(async () => {
  await wharfage.close();
  await server.stop();
});

async function queued(cause: string): Promise<void> {
  const [{ id: accountId }] = await wharfage.source.query('select id from account');
  const facts = { seller: 'Dock', name: 'Acme', number: 'INV-1', amount: '12.00 USD', timeZone: 'UTC' };
  const mail: NewMail = { accountId, cause, invoiceId: 'inv_1', to: 'acme@customer.example', mail: { template: 'recovered', ...facts } };
  await wharfage.app.get(Database).transaction((tx) => wharfage.app.get(Mails).queue(tx, mail));
}
const deliver = () => wharfage.app.get(DeliverMails).runDue();
const newest = async () => (await wharfage.ok('GET', '/v2/accounts/acme/mails')).data[0];

test('a mail is sent once for its cause, also where two send at once', async () => {
  await queued('one');
  await queued('one');
  await Promise.all([deliver(), deliver()]);
  expect(server.taken).toHaveLength(1);
  expect(server.taken[0]).toContain('Subject: Invoice INV-1 is settled');
  expect(await newest()).toMatchObject({ state: 'sent', failure: null });
});

test('what a server cannot take now is tried again, with the same Message-ID; what it refuses for good has failed', async () => {
  server.answer = '451 try later';
  await queued('two');
  await deliver();
  const { messageId, ...mail } = await newest();
  expect(mail).toMatchObject({ state: 'queued', failure: expect.stringContaining('451') });
  server.answer = '250 taken';
  await deliver();
  expect(await newest()).toMatchObject({ state: 'sent', messageId });
  expect(server.taken.at(-1)?.replaceAll('\n ', ' ')).toContain(`Message-ID: ${String(messageId)}`);
  server.answer = '550 nobody here';
  await queued('three');
  await deliver();
  expect(await newest()).toMatchObject({ state: 'failed', sentAt: null, failure: expect.stringContaining('550') });
  await deliver();
  expect(server.taken).toHaveLength(2);
  await expect(wharfage.source.query(`update mail set subject = 'x'`)).rejects.toThrow(/final|change/i);
});
