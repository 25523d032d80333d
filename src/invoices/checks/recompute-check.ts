import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Checks, type CheckScope, type Difference } from '../../common/checks.js';
import type { Tx } from '../../common/database/database.js';
import { conclude, prepare } from '../../domain/billing/bill.js';
import { formatMoney } from '../../domain/currency.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import { UsageService } from '../../usage/usage.service.js';
import { LoadFacts } from '../load-facts.js';
import { creditNoteDocumentsCheck, documentsCheck, grantEntriesCheck, numbersCheck } from './documents-check.js';

const ACCOUNTS_AT_ONCE = 100;

interface Billed {
  readonly accountId: string;
  /** Up to when the account was billed last. */
  readonly asOf: Instant;
}

/*
 * Accounts whose subscriptions were billed, but for those whose next bill is known to differ: usage came late, a subscription has changed since, or an invoice
 * is void that is to be billed again (until then nothing of the account is settled); what they owe waits in a draft; or they are parked.
 */
const BILLED = `
  select i.account_id as "accountId", max(i.as_of) as "asOf" from invoice i
  join billing_state b on b.account_id = i.account_id and b.parked is null
  where i.type = 'subscription' and i.account_id > $1::uuid and ($2::uuid is null or i.account_id = $2)
    and not exists (select from usage_late_touch t where t.account_id = i.account_id)
    and not exists (select from invoice_draft d where d.account_id = i.account_id and d.type = 'subscription')
    and (b.settled_through is not null or not exists (
      select from invoice_settlement s where s.account_id = i.account_id and s.closed = 'void' and not s.waived))
    and not exists (
      select from subscription_change c
      cross join lateral (select max(o.issued_at) as issued_at, max(o.as_of) as as_of from invoice o where o.account_id = i.account_id and o.type = 'subscription') last
      where c.account_id = i.account_id and c.recorded_at > last.issued_at and c.effective_at <= last.as_of)
  group by i.account_id
  having ($3::timestamptz is null or max(i.issued_at) >= $3) and ($4::timestamptz is null or min(i.issued_at) < $4)
  order by i.account_id limit ${String(ACCOUNTS_AT_ONCE)}`;

/** What `wharfage verify --invoices` looks at. */
@Injectable()
export class RecomputeCheck implements OnModuleInit {
  constructor(
    private readonly checks: Checks,
    private readonly facts: LoadFacts,
    private readonly usage: UsageService,
  ) {}

  onModuleInit(): void {
    this.checks.add(documentsCheck, creditNoteDocumentsCheck, numbersCheck, grantEntriesCheck, {
      name: 'billed',
      group: 'invoices',
      narrows: true,
      run: (tx, scope) => this.run(tx, scope),
    });
  }

  /** Computes everything that was ever billed to each account anew, settled or not: a bill as of the last one must come to nothing. */
  private async *run(tx: Tx, { accountId, from, to }: CheckScope): AsyncGenerator<Difference> {
    const bounds = [from, to].map((at) => (at === undefined ? null : formatInstant(at)));
    for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
      const billed = await tx.query<Billed[]>(BILLED, [after, accountId ?? null, ...bounds]);
      for (const one of billed) yield* await this.differences(tx, one);
      const last = billed.at(-1);
      if (!last || billed.length < ACCOUNTS_AT_ONCE) return;
      after = last.accountId;
    }
  }

  private async differences(tx: Tx, { accountId, asOf }: Billed): Promise<Difference[]> {
    const [loaded] = await this.facts.run(tx, [accountId]);
    if (!loaded) return [{ subject: accountId, detail: 'was billed, but there is no such account' }];
    const prepared = prepare(loaded.facts, asOf);
    const answers = await this.usage.answer(
      tx,
      prepared.questions.map((question) => ({ ...question, accountId })),
    );
    const { currency } = loaded.profile;
    return (conclude(prepared, answers)?.lines ?? []).map(({ price, plan, description, servicePeriod, amountMinor }) => ({
      subject: loaded.profile.key,
      detail: `${price ?? 'the minimum'} of ${plan} (${description}) from ${formatInstant(servicePeriod.start)} to ${formatInstant(servicePeriod.end)} was billed by ${formatMoney(amountMinor, currency)} ${amountMinor < 0n ? 'too much' : 'too little'}`,
    }));
  }
}
