import type { Outcome } from '../port.js';

export const TOKENS = [
  'sandbox_ok',
  'sandbox_declined_soft',
  'sandbox_declined_thrice',
  'sandbox_declined_hard',
  'sandbox_expired',
  'sandbox_requires_action',
  'sandbox_processing',
  'sandbox_unknown',
  'sandbox_lost',
] as const;

export type Token = (typeof TOKENS)[number];

export const isToken = (text: string): text is Token => (TOKENS as readonly string[]).includes(text);

interface Behaviour {
  readonly label: string;
  /** Whether a request gets to the sandbox at all. */
  readonly reaches: boolean;
  /** Whether its answer gets back. */
  readonly answers: boolean;
  /** `earlier`: how often the customer was charged by it before. */
  readonly outcome: (reference: string, earlier: number) => Outcome;
}

const succeeds = (reference: string): Outcome => ({ kind: 'succeeded', reference });
const answering = (label: string, outcome: Behaviour['outcome']): Behaviour => ({ label, reaches: true, answers: true, outcome });

const WITHOUT_FUNDS: Outcome = { kind: 'declined', decline: 'soft', reason: 'insufficient funds' };

/** How a payment method behaves, by its token. */
export const BEHAVIOURS: Readonly<Record<Token, Behaviour>> = {
  sandbox_ok: answering('Sandbox card that pays', succeeds),
  sandbox_declined_soft: answering('Sandbox card without funds', () => WITHOUT_FUNDS),
  sandbox_declined_thrice: answering('Sandbox card that has funds the fourth time', (reference, earlier) =>
    earlier < 3 ? WITHOUT_FUNDS : succeeds(reference),
  ),
  sandbox_declined_hard: answering('Sandbox card that is refused', () => ({
    kind: 'declined',
    decline: 'hard',
    reason: 'refused by the bank',
  })),
  sandbox_expired: answering('Sandbox card that expired', () => ({
    kind: 'declined',
    decline: 'new_method_needed',
    reason: 'the card has expired',
  })),
  sandbox_requires_action: answering('Sandbox card that asks its owner', (reference) => ({
    kind: 'requires_action',
    reference,
    url: null,
  })),
  sandbox_processing: answering('Sandbox account that takes its time', (reference) => ({ kind: 'processing', reference })),
  sandbox_unknown: { label: 'Sandbox card that pays, and whose answer is lost', reaches: true, answers: false, outcome: succeeds },
  sandbox_lost: { label: 'Sandbox card that cannot be reached', reaches: false, answers: false, outcome: succeeds },
};
