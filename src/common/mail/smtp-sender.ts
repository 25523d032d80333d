import { createTransport } from 'nodemailer';
import { MailRefused, type MailSender, type OutgoingMail } from './mail-sender.js';

const TIMEOUT_MS = 20_000;

/** Hands mails over to an SMTP server. */
export class SmtpSender implements MailSender {
  private readonly transport: ReturnType<typeof transportTo>;

  constructor(
    url: string,
    private readonly from: string,
  ) {
    this.transport = transportTo(url);
  }

  async send({ messageId, to, subject, text, html, date }: OutgoingMail): Promise<void> {
    try {
      await this.transport.sendMail({ from: this.from, messageId, to: { name: '', address: to }, subject, text, html, date });
    } catch (error) {
      if (error instanceof Error && (error as { permanent?: boolean }).permanent === true)
        throw new MailRefused(error.message, { cause: error });
      throw error;
    }
  }

  close(): void {
    this.transport.close();
  }
}

const transportTo = (url: string) =>
  createTransport({
    url,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
