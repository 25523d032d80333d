import { Injectable } from '@nestjs/common';
import { AccountsService } from '../../accounts/accounts.service.js';
import type { Tx } from '../../common/database/database.js';
import { drafted } from '../../domain/billing/draft.js';
import type { Line } from '../../domain/billing/line.js';
import { type ManualLine, manualLines } from '../../domain/billing/manual.js';
import type { Instant } from '../../domain/instant.js';
import { balancesOf } from '../balances.js';
import { openGrants } from '../grants/grant-records.js';
import type { InvoiceContent, InvoiceDocument } from '../invoice-records.js';
import { SellersService } from '../sellers/sellers.service.js';

/** What stands on an invoice that is not computed anew. */
export interface Content {
  readonly accountId: string;
  readonly document: InvoiceDocument;
  readonly manual: readonly ManualLine[];
  /** What subscriptions owe, as it was computed last. */
  readonly computed?: readonly Line[];
  readonly at: Instant;
}

/** Adds up lines with tax, grants and balance, as any invoice. */
@Injectable()
export class DraftContents {
  constructor(
    private readonly accounts: AccountsService,
    private readonly sellers: SellersService,
  ) {}

  /** For an account that the transaction has claimed. */
  async of(tx: Tx, { accountId, document, manual, computed = [], at }: Content): Promise<InvoiceContent> {
    const profile = (await this.accounts.profiles(tx, [accountId])).get(accountId);
    if (!profile) throw new RangeError(`account ${accountId} was not found`);
    const { currency } = profile;
    const taxes = profile.taxRates.map(({ key, name, rate, category, inclusive }) => ({ key, name, rate, category, inclusive }));
    const draft = drafted({
      currency,
      lines: [...computed, ...manualLines(manual, { invoiceId: document.id, currency, at, taxes })],
      balanceMinor: (await balancesOf(tx, [accountId])).get(accountId) ?? 0n,
      grants: await openGrants(tx, [accountId], { locked: true }),
      billedAt: at,
    });
    const sellerOf = await this.sellers.of(tx, [profile]);
    return { profile, seller: sellerOf(profile), document, draft, versions: new Map(), asOf: at };
  }
}
