import { Counter } from 'prom-client';
import { registry } from '../../common/telemetry/metrics.js';
import type { StoredEvent } from './store-events.js';

const elsewhere = new Counter({
  name: 'wharfage_usage_ident_of_other_account_total',
  help: 'Stored events whose source and id were stored for another account shortly before, by this process',
  registers: [registry],
});

const GENERATION_MAX = 20_000;

/**
 * Which account the last stored events were of, by what identifies them within it. One source and id under two accounts are two events, but
 * mostly a reporter's mistake. What is seen is what this process stored among its last 20,000 to 40,000 events: the count is a hint to look,
 * and no measure. Costs a look-up in memory an event, and a few MB.
 */
export class RecentIdents {
  private young = new Map<string, string>();
  private old = new Map<string, string>();

  see(events: readonly Pick<StoredEvent, 'accountId' | 'ident'>[]): void {
    for (const { accountId, ident } of events) {
      const known = this.young.get(ident) ?? this.old.get(ident);
      if (known !== undefined && known !== accountId) elsewhere.inc();
      this.young.set(ident, accountId);
      if (this.young.size >= GENERATION_MAX) [this.young, this.old] = [new Map<string, string>(), this.young];
    }
  }
}
