import { levels } from '../../src/domain/billing/coverage.js';
import { parseInstant } from '../../src/domain/instant.js';
import { TestApp } from './app.js';
import { afterStory } from './story.js';

const month = { unit: 'month', count: 1 };
const year = { unit: 'year', count: 1 };
const flat = (key: string, amount: string, more: object = {}) => ({ key, kind: 'recurring', model: 'flat', amount, ...more });

/** What stories sell: a day of January costs a round number. */
export const CATALOG: Readonly<Record<string, object>> = {
  small: { interval: month, prices: [flat('base', '31.00')] },
  large: { interval: month, prices: [flat('base', '62.00')] },
  huge: { interval: month, prices: [flat('base', '310.00')] },
  yearly: { interval: year, prices: [flat('base', '365.00')] },
  seats: { interval: month, prices: [{ key: 'seat', kind: 'recurring', model: 'per_unit', unitPrice: '31.00' }] },
  extra: { interval: month, prices: [flat('extra', '15.50')] },
  arrears: { interval: month, prices: [flat('base', '31.00', { billing: 'in_arrears' })] },
  trial: { interval: month, trialDays: 10, prices: [flat('base', '31.00')] },
  days: { interval: month, prorationBasis: 'day', prices: [flat('base', '31.00')] },
  setup: { interval: month, prices: [flat('base', '31.00'), { key: 'setup', kind: 'one_time', amount: '5.00' }] },
};

/** Something that is done to a subscription: `on` names another one than the first. */
export interface StoryStep {
  readonly at: string;
  readonly do: string;
  readonly on?: string;
  readonly [field: string]: unknown;
}

export interface SubscriptionStory {
  readonly zone?: string;
  readonly now: string;
  readonly start: { readonly plan: string; readonly [field: string]: unknown };
  readonly steps?: readonly StoryStep[];
  readonly until: string;
  /** For each invoice its day and its total. */
  readonly invoices: readonly string[];
  /** When each subscription, by name, is to be paid for: once, and at no other time. Left out where not everything is prorated. */
  readonly paid?: Readonly<Record<string, readonly (readonly [from: string, to: string])[]>>;
}

/** Tells a story through the API, comparing each preview with what is then billed, and checks what must hold after any story. */
export async function tell(story: SubscriptionStory): Promise<void> {
  const wharfage = await TestApp.start({ now: story.now });
  try {
    for (const [key, plan] of Object.entries(CATALOG))
      await wharfage.ok('PUT', `/v2/plans/${key}`, { name: key, product: 'test', currency: 'USD', ...plan });
    await wharfage.ok('PUT', '/v2/accounts/acme', { kind: 'user', name: 'Acme', currency: 'USD', timeZone: story.zone ?? 'UTC' });
    const teller = new Teller(wharfage);
    await teller.start('first', story.start);
    for (const step of story.steps ?? []) await teller.act(step);
    await teller.travel(story.until);
    expect((await teller.invoices()).map((invoice) => `${invoice.asOf.slice(0, 10)} ${invoice.total}`)).toEqual(story.invoices);
    if (story.paid) expect(await teller.paid()).toEqual(normalized(story.paid));
    await afterStory(wharfage);
  } finally {
    await wharfage.close();
  }
}

interface Previewed {
  readonly at: string;
  readonly total: string;
}

class Teller {
  private readonly ids = new Map<string, string>();
  /** What the last preview said would be billed next. */
  private next: Previewed | null = null;

  constructor(private readonly wharfage: TestApp) {}

  async start(name: string, body: object): Promise<void> {
    const addOnTo = (body as { addOnTo?: string }).addOnTo;
    const full = { account: 'acme', ...body, ...(addOnTo === undefined ? {} : { addOnTo: this.ids.get(addOnTo) }) };
    const preview = await this.wharfage.ok('POST', '/v2/subscriptions/preview', full);
    const { id } = await this.billedAs(preview, () => this.wharfage.ok('POST', '/v2/subscriptions', full));
    this.ids.set(name, id);
  }

  async act({ at, do: action, on = 'first', ...body }: StoryStep): Promise<void> {
    await this.travel(at);
    if (action === 'start') {
      await this.start(on, body);
      return;
    }
    const id = this.ids.get(on) ?? '';
    const preview = await this.wharfage.ok('POST', `/v2/subscriptions/${id}/preview`, { action, ...body });
    await this.billedAs(preview, () => this.wharfage.ok('POST', `/v2/subscriptions/${id}/${action}`, body));
  }

  /** Moves on; what was foreseen to be billed until then must have been. */
  async travel(to: string): Promise<void> {
    await this.wharfage.travel(to);
    if (this.next === null || this.next.at > to) return;
    const { at, total } = this.next;
    expect((await this.invoices()).map((invoice) => [invoice.asOf, invoice.total])).toContainEqual([at, total]);
    this.next = null;
  }

  async invoices(): Promise<any[]> {
    return (await this.wharfage.ok('GET', '/v2/invoices?limit=200')).data.reverse();
  }

  /** By subscription, the stretches that are paid for, net of credits. Throws where something is paid for more than once. */
  async paid(): Promise<Record<string, string[]>> {
    const lines = (await this.invoices()).flatMap((invoice) => invoice.lines).filter((line) => line.kind === 'recurring');
    return Object.fromEntries([...this.ids].map(([name, id]) => [name, stretches(lines.filter((line) => line.subscription === id))]));
  }

  private async billedAs<Body>(
    preview: { dueNow: Previewed | null; nextInvoice: Previewed | null },
    act: () => Promise<Body>,
  ): Promise<Body> {
    const before = await this.invoices();
    const answer = await act();
    const fresh = (await this.invoices()).slice(before.length);
    expect(fresh.map(amounts)).toEqual(preview.dueNow === null ? [] : [amounts(preview.dueNow)]);
    this.next = preview.nextInvoice;
    return answer;
  }
}

/** What a preview and an invoice have in common. */
const amounts = (invoice: any): object => ({
  total: invoice.total,
  appliedInAll: invoice.amountApplied,
  applied: invoice.applied,
  due: invoice.amountDue,
  credited: invoice.balanceCredited,
  lines: invoice.lines.map((line: any) => [
    line.kind,
    line.plan,
    line.price,
    line.quantity,
    line.amount,
    line.servicePeriod,
    line.proration,
  ]),
});

function stretches(lines: readonly any[]): string[] {
  const net = levels(
    lines.map(({ servicePeriod: { start, end }, adjusts }) => ({
      start: parseInstant(start),
      end: parseInstant(end),
      weight: adjusts === null ? 1 : -1,
    })),
  ).filter((piece) => piece.level !== 0);
  expect(net.filter((piece) => piece.level !== 1)).toEqual([]);
  return joined(net.map(({ start, end }) => [start, end]));
}

const normalized = (paid: NonNullable<SubscriptionStory['paid']>): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries(paid).map(([name, all]) => [name, joined(all.map(([from, to]) => [parseInstant(from), parseInstant(to)]))]),
  );

function joined(all: readonly (readonly [bigint, bigint])[]): string[] {
  const found: [bigint, bigint][] = [];
  for (const [start, end] of all) {
    const last = found.at(-1);
    if (last?.[1] === start) last[1] = end;
    else found.push([start, end]);
  }
  return found.map(([start, end]) => `${String(start)} ${String(end)}`);
}
