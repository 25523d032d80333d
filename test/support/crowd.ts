import { DataSource } from 'typeorm';
import { accountIdFor, newId } from '../../src/common/ids.js';
import { formatInstant, type Instant } from '../../src/domain/instant.js';
import type { TestApp } from './app.js';

export interface Crowd {
  readonly count: number;
  readonly startsAt: Instant;
  readonly plans: readonly string[];
}

/** Many accounts with a subscription each, put into the tables at once: what as many requests would have put there, with billing off. */
export async function crowd(wharfage: TestApp, { count, startsAt, plans }: Crowd): Promise<string[]> {
  const at = formatInstant(startsAt);
  const rows = Array.from({ length: count }, (_, i) => {
    const key = `crowd-${String(i).padStart(5, '0')}`;
    const id = accountIdFor(key);
    return { id, key, subscription: newId('sub', startsAt, id), plan: plans[i % plans.length] ?? '' };
  });
  const source = wharfage.app.get(DataSource);
  const column = <Value>(read: (row: (typeof rows)[number]) => Value): Value[] => rows.map(read);
  await source.query(
    `insert into account (id, key, kind, name, currency, time_zone, provider, created_at, updated_at)
     select id, key, 'user', key, 'USD', 'UTC', 'manual', $3, $3 from unnest($1::uuid[], $2::text[]) as a(id, key)`,
    [column((row) => row.id), column((row) => row.key), at],
  );
  await source.query(
    `insert into subscription (account_id, id, starts_at, revision, created_at)
     select account_id, id, $3, 1, $3 from unnest($1::uuid[], $2::text[]) as s(account_id, id)`,
    [column((row) => row.id), column((row) => row.subscription), at],
  );
  const payload = (plan: string): string =>
    JSON.stringify({
      plan,
      planVersion: 1,
      quantities: {},
      timeZone: 'UTC',
      alignment: 'anniversary',
      anchorAt: null,
      trialEndsAt: null,
      overrides: null,
      coupon: null,
      addOnTo: null,
      paidThroughAt: null,
    });
  await source.query(
    `insert into subscription_change (account_id, subscription_id, seq, kind, effective_at, recorded_at, payload)
     select account_id, id, 1, 'started', $4, $4, payload from unnest($1::uuid[], $2::text[], $3::jsonb[]) as c(account_id, id, payload)`,
    [column((row) => row.id), column((row) => row.subscription), column((row) => payload(row.plan)), at],
  );
  await source.query(`insert into billing_state (account_id, next_due) select id, $2 from unnest($1::uuid[]) as a(id)`, [
    column((row) => row.id),
    at,
  ]);
  return column((row) => row.key);
}
