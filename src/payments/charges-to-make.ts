import { Injectable } from '@nestjs/common';
import type { Tx } from '../common/database/database.js';
import { type Charge, chargesOf, type LeftToPay } from '../domain/carried.js';
import { InvoicesService } from '../invoices/invoices.service.js';
import { Providers } from '../providers/providers.js';
import { CurrentMethods } from './current-methods.js';
import type { Carried, PaymentMethod } from './payment-records.js';

export interface Collectable {
  readonly accountId: string;
  readonly invoiceId: string;
  readonly currency: string;
}

/** A charge, and by what it is made. */
export interface ChargeToMake extends Charge {
  readonly accountId: string;
  readonly currency: string;
  readonly method: PaymentMethod;
}

/** What is charged where invoices are to be collected: each by itself, but for what its provider would not charge by itself. */
@Injectable()
export class ChargesToMake {
  constructor(
    private readonly invoices: InvoicesService,
    private readonly methods: CurrentMethods,
    private readonly providers: Providers,
  ) {}

  /** The settlements of what is charged, and of what may be charged with it, are locked until the transaction ends. */
  async of(tx: Tx, invoices: readonly Collectable[]): Promise<ChargeToMake[]> {
    const methods = await this.methods.of(
      tx,
      invoices.map(({ accountId }) => accountId),
    );
    const due = invoices.filter(({ accountId }) => methods.has(accountId));
    if (due.length === 0) return [];
    const small = await this.small(tx, due, methods);
    const left = await this.invoices.lockLeft(tx, [...due, ...small]);
    const held = small.length === 0 ? new Set<string>() : await beingCollected(tx, [...methods.keys()]);
    return [...methods.values()].flatMap((method) => this.chargesOf(method, { due, small, left, held }));
  }

  /** What is open of these accounts and too small to be charged by itself. Nothing is asked where no provider has a minimum. */
  private async small(tx: Tx, due: readonly Collectable[], methods: ReadonlyMap<string, PaymentMethod>): Promise<Collectable[]> {
    const bounded = due.filter(({ accountId, currency }) => this.minimum(methods.get(accountId)?.provider, currency) > 1n);
    const open = await this.invoices.openOf(tx, [...new Set(bounded.map(({ accountId }) => accountId))]);
    const asked = new Set(due.map(({ invoiceId }) => invoiceId));
    return open.filter(
      ({ accountId, invoiceId, currency, openMinor }) =>
        !asked.has(invoiceId) && openMinor < this.minimum(methods.get(accountId)?.provider, currency),
    );
  }

  private chargesOf(
    method: PaymentMethod,
    {
      due,
      small,
      left,
      held,
    }: {
      readonly due: readonly Collectable[];
      readonly small: readonly Collectable[];
      readonly left: ReadonlyMap<string, bigint>;
      readonly held: ReadonlySet<string>;
    },
  ): ChargeToMake[] {
    const { accountId, provider } = method;
    const own = (invoices: readonly Collectable[], currency: string): LeftToPay[] =>
      invoices
        .filter((invoice) => invoice.accountId === accountId && invoice.currency === currency && !held.has(invoice.invoiceId))
        .map(({ invoiceId }) => ({ invoiceId, leftMinor: left.get(invoiceId) ?? 0n }));
    const currencies = new Set(due.filter((invoice) => invoice.accountId === accountId).map(({ currency }) => currency));
    return [...currencies].flatMap((currency) => {
      const minimum = this.minimum(provider, currency);
      const waiting = own(small, currency).filter(({ leftMinor }) => leftMinor > 0n && leftMinor < minimum);
      return chargesOf(own(due, currency), waiting, minimum).map((charge) => ({ ...charge, accountId, currency, method }));
    });
  }

  private minimum(provider: string | undefined, currency: string): bigint {
    return provider === undefined ? 1n : (this.providers.named(provider).amounts(currency)?.minimumMinor ?? 1n);
  }
}

/** Invoices that a payment which is pending collects, as its own or with its own. Relies on payment_one_pending. */
async function beingCollected(tx: Tx, accountIds: readonly string[]): Promise<Set<string>> {
  const rows = await tx.query<{ invoiceId: string; carried: readonly Carried[] }[]>(
    `select invoice_id as "invoiceId", carried from payment where account_id = any($1::uuid[]) and state = 'pending'`,
    [accountIds],
  );
  return new Set(rows.flatMap(({ invoiceId, carried }) => [invoiceId, ...carried.map((one) => one.invoiceId)]));
}
