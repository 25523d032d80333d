import { DAY, formatInstant, type Instant } from '../instant.js';
import { localDay } from '../period.js';

/** What every mail about an invoice knows. */
export interface MailFacts {
  /** Who writes: the name of the seller on the invoice. */
  readonly seller: string;
  /** Who is written to. */
  readonly name: string;
  readonly number: string;
  /** What is left to pay, with its currency: "12.00 USD". */
  readonly amount: string;
  /** In which dates are told. */
  readonly timeZone: string;
}

/** What becomes of the subscriptions where nothing is paid. */
export type Consequence = 'leave' | 'cancel' | 'pause' | 'change_plan';

export type Mail =
  | ({ readonly template: 'invoice'; /** Null where nothing is left to pay. */ readonly dueAt: Instant | null } & MailFacts)
  | ({ readonly template: 'payment_failed'; readonly retryAt: Instant | null } & MailFacts)
  | ({ readonly template: 'authentication_required' } & MailFacts)
  | ({
      readonly template: 'final_notice';
      /** Null where it is not known yet. */ readonly endAt: Instant | null;
      readonly consequence: Consequence;
    } & MailFacts)
  | ({ readonly template: 'recovered' } & MailFacts);

export const MAIL_TEMPLATES = [
  'invoice',
  'payment_failed',
  'authentication_required',
  'final_notice',
  'recovered',
] as const satisfies readonly Mail['template'][];

/** A mail as people read it. */
export interface ComposedMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

const CONSEQUENCES: Readonly<Record<Consequence, string>> = {
  leave: 'we will stop trying to collect it by ourselves, and it stays owed',
  cancel: 'your subscription will be canceled',
  pause: 'your subscription will be paused until it is paid',
  change_plan: 'your subscription will be moved to a smaller plan',
};

/** The mail in English, as plain text and as simple HTML. Why a bank declined is never told: some reasons are not the customer's to know. */
export function composeMail(mail: Mail): ComposedMail {
  const { subject, paragraphs } = contentOf(mail);
  const all = [`Hello ${mail.name},`, ...paragraphs, mail.seller];
  return {
    subject,
    text: `${all.join('\n\n')}\n`,
    html: `<!doctype html><html lang="en"><body>${all.map((paragraph) => `<p>${escaped(paragraph)}</p>`).join('')}</body></html>`,
  };
}

function contentOf(mail: Mail): { readonly subject: string; readonly paragraphs: readonly string[] } {
  const { number, amount, timeZone } = mail;
  switch (mail.template) {
    case 'invoice':
      return {
        subject: `Invoice ${number}`,
        paragraphs: [
          mail.dueAt === null
            ? `This is your invoice ${number}. Nothing is left to pay.`
            : `This is your invoice ${number}. ${amount} is due on ${dayOf(mail.dueAt, timeZone)}.`,
        ],
      };
    case 'payment_failed':
      return {
        subject: `Payment failed for invoice ${number}`,
        paragraphs: [
          `We could not collect ${amount} for invoice ${number}: your payment method was declined.`,
          mail.retryAt === null
            ? 'We will not try it again by ourselves. Please add another payment method, which we will charge at once.'
            : `We will try again on ${dayOf(mail.retryAt, timeZone)}. You can also add another payment method, which we will charge at once.`,
        ],
      };
    case 'authentication_required':
      return {
        subject: `Please confirm the payment of invoice ${number}`,
        paragraphs: [
          `Your bank asks you to confirm the payment of ${amount} for invoice ${number}.`,
          'Please confirm it where you manage your subscription, or add another payment method, which we will charge at once.',
        ],
      };
    case 'final_notice':
      return {
        subject: `Final notice for invoice ${number}`,
        paragraphs: [
          `${amount} is still unpaid for invoice ${number}. If it is not paid${mail.endAt === null ? '' : ` by ${dayOf(mail.endAt, timeZone)}`}, ${CONSEQUENCES[mail.consequence]}.`,
          'Please add another payment method, which we will charge at once.',
        ],
      };
    case 'recovered':
      return {
        subject: `Invoice ${number} is settled`,
        paragraphs: [`Nothing is left to pay on invoice ${number}. There is nothing that you have to do. Thank you.`],
      };
  }
}

/** The local day, as ISO 8601 writes it: read alike everywhere. */
const dayOf = (at: Instant, timeZone: string): string => formatInstant(localDay(at, timeZone) * DAY).slice(0, 'YYYY-MM-DD'.length);

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
