/** A mail on its way. Its `messageId` is the same however often it is sent: whoever gets it twice can tell. */
export interface OutgoingMail {
  /** Names it among ours. */
  readonly id: string;
  readonly messageId: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly date: Date;
}

/** The mail will never be taken: sending it again would be refused again. */
export class MailRefused extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MailRefused';
  }
}

/** Whoever takes mails to their recipients. */
export interface MailSender {
  /** @throws MailRefused, or any other error where it may be tried again */
  send(mail: OutgoingMail): Promise<void>;
  close(): void;
}

export const MAIL_SENDER = Symbol('MAIL_SENDER');
