import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import type { MailSender, OutgoingMail } from './mail-sender.js';

/** Writes mails to files, as they would be sent: for development. */
export class FileSender implements MailSender {
  private readonly transport = createTransport({ streamTransport: true, buffer: true, disableFileAccess: true, disableUrlAccess: true });

  constructor(
    private readonly dir: string,
    private readonly from: string,
  ) {}

  /** The file bears the name of the mail, and is there as a whole or not at all. */
  async send({ id, messageId, to, subject, text, html, date }: OutgoingMail): Promise<void> {
    const { message } = await this.transport.sendMail({
      from: this.from,
      messageId,
      to: { name: '', address: to },
      subject,
      text,
      html,
      date,
    });
    await mkdir(this.dir, { recursive: true });
    const path = join(this.dir, `${id}.eml`);
    await writeFile(`${path}.part`, message as Buffer);
    await rename(`${path}.part`, path);
  }

  close(): void {
    this.transport.close();
  }
}
