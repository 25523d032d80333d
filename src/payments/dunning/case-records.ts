import type { Actor } from '../../common/actor.js';
import type { Tx } from '../../common/database/database.js';
import { accountIdOf } from '../../common/ids.js';
import type { DunningStep } from '../../domain/dunning/next-step.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import { Refusal } from '../../domain/refusal.js';

/** The service itself, where a dunning policy says what to do. */
export const DUNNING: Actor = { kind: 'system', id: 'dunning', scopes: ['admin'] };

/** Why something is done at the end of a policy. */
export const UNPAID = 'The invoice was not paid within its dunning policy.';

/**
 * `open`: by its policy something comes next. `ending`: its end has come, and a charge that waits for the customer is given up first. `ended`: the policy
 * has run its course, and the invoice is unpaid. `recovered`: nothing is left to pay. `closed`: nobody is asked to pay any more.
 */
export const CASE_STATES = ['open', 'ending', 'ended', 'recovered', 'closed'] as const;
export type CaseState = (typeof CASE_STATES)[number];

export const NEXT_STEPS = ['wait', 'retry', 'notice', 'end', 'finish'] as const satisfies readonly (DunningStep['kind'] | 'finish')[];
export type NextStep = (typeof NEXT_STEPS)[number];

/** Something that was done at the end, or what was refused instead. */
export type Done =
  | { readonly did: 'paused'; readonly subscription: string; /** The fact that paused it. */ readonly seq: number }
  | { readonly did: 'canceled'; readonly subscription: string }
  | { readonly did: 'plan_changed'; readonly subscription: string; readonly plan: string }
  | { readonly did: 'resumed'; readonly subscription: string }
  | { readonly did: 'marked_uncollectible' }
  | { readonly did: 'refused'; readonly subscription?: string; readonly code: string; readonly detail: string };

/** An invoice that could not be collected, and what is done about it. There is one at most of each invoice. */
export interface DunningCase {
  readonly accountId: string;
  readonly id: string;
  readonly invoiceId: string;
  readonly policy: string;
  readonly policyVersion: number;
  readonly state: CaseState;
  readonly nextStep: NextStep | null;
  /** When that is done; null where nothing is. */
  readonly dueAt: Instant | null;
  /** The end of which the customer was told. */
  readonly noticedEnd: Instant | null;
  readonly done: readonly Done[];
  readonly openedAt: Instant;
  readonly closedAt: Instant | null;
}

export const CASE_COLUMNS = `account_id as "accountId", id, invoice_id as "invoiceId", policy, policy_version as "policyVersion", state, next_step as "nextStep",
  due_at as "dueAt", noticed_end as "noticedEnd", done, opened_at as "openedAt", closed_at as "closedAt"`;

/** @throws Refusal `dunning_case_not_found` */
export async function caseById(tx: Tx, id: string): Promise<DunningCase> {
  const [found] = await tx.query<DunningCase[]>(`select ${CASE_COLUMNS} from dunning_case where account_id = $1 and id = $2`, [
    accountIdOf(id) ?? null,
    id,
  ]);
  if (!found) throw new Refusal('not_found', 'dunning_case_not_found', `There is no dunning case "${id}".`);
  return found;
}

/** The case of an invoice, locked until the transaction ends. The caller has locked the settlement. */
export async function lockCase(
  tx: Tx,
  { accountId, invoiceId }: Pick<DunningCase, 'accountId' | 'invoiceId'>,
): Promise<DunningCase | undefined> {
  const [found] = await tx.query<DunningCase[]>(
    `select ${CASE_COLUMNS} from dunning_case where account_id = $1 and invoice_id = $2 for update`,
    [accountId, invoiceId],
  );
  return found;
}

type Change = Partial<Pick<DunningCase, 'state' | 'nextStep' | 'dueAt' | 'noticedEnd' | 'done' | 'closedAt'>>;

const instant = (at: Instant | null): string | null => (at === null ? null : formatInstant(at));

/** The caller has locked it. Answers the case as it is then. */
export async function changeCase(tx: Tx, before: DunningCase, change: Change): Promise<DunningCase> {
  const after = { ...before, ...change };
  await tx.query(
    `update dunning_case set state = $3, next_step = $4, due_at = $5, noticed_end = $6, done = $7::jsonb, closed_at = $8
     where account_id = $1 and id = $2`,
    [
      after.accountId,
      after.id,
      after.state,
      after.nextStep,
      instant(after.dueAt),
      instant(after.noticedEnd),
      JSON.stringify(after.done),
      instant(after.closedAt),
    ],
  );
  return after;
}
