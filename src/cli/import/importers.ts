import type { INestApplicationContext } from '@nestjs/common';
import { getMetadataStorage } from 'class-validator';
import { AccountsService } from '../../accounts/accounts.service.js';
import type { Tx } from '../../common/database/database.js';
import { checkedBody } from '../../common/http/validation.js';
import { isMoney, parseMoney } from '../../domain/currency.js';
import { parseInstant } from '../../domain/instant.js';
import { Refusal, refuseAll } from '../../domain/refusal.js';
import { withoutAbsent } from '../../domain/without-absent.js';
import { OpeningBalances } from '../../invoices/opening-balances.js';
import { PaymentMethods } from '../../payments/payment-methods.js';
import { type ImportLine, ImportSubscriptions } from '../../subscriptions/import-subscriptions.js';
import { operatorCall } from '../context.js';
import { ImportAccountDto, ImportSubscriptionDto } from './lines.dto.js';

/** What became of a line. */
export type Outcome = 'created' | 'changed' | 'unchanged' | Refusal;

/** Takes in some lines within a transaction: an outcome for each, in their order. */
export type Importer = (app: INestApplicationContext, tx: Tx, lines: readonly object[]) => Promise<Outcome[]>;

const call = operatorCall('import');

const importAccounts: Importer = async (app, tx, lines) => {
  const outcomes: Outcome[] = [];
  for (const line of lines)
    outcomes.push(await refusalOr(() => tx.transaction((inner) => importAccount(app, inner, read(ImportAccountDto, line)))));
  return outcomes;
};

async function importAccount(app: INestApplicationContext, tx: Tx, line: ImportAccountDto): Promise<Outcome> {
  const { openingBalance = '0', providerCustomer, providerMethod, ...account } = line;
  refuseAll([...openingProblems(openingBalance, account.currency), ...providerProblems(line)]);
  const accounts = app.get(AccountsService);
  const before = (await accounts.idsByKeys([account.key])).size === 0 ? undefined : await accounts.byKey(tx, account.key);
  const { id: accountId, key, currency, provider, revision } = await accounts.put(tx, call, account.key, account);
  await app.get(OpeningBalances).set(tx, call.actor, { accountId, key, currency, amountMinor: parseMoney(openingBalance, currency) });
  if (providerCustomer !== undefined && providerMethod !== undefined)
    await app.get(PaymentMethods).attach(tx, call.actor, { accountId, provider, customer: providerCustomer, reference: providerMethod });
  return before === undefined ? 'created' : before.revision === revision ? 'unchanged' : 'changed';
}

function openingProblems(amount: string, currency: string): Parameters<typeof refuseAll>[0] {
  const detail = `Must be money in ${currency} from 0 on: what is owed is collected where it was billed.`;
  return isMoney(amount, currency) && !amount.startsWith('-') ? [] : [{ pointer: '/openingBalance', code: 'out_of_bounds', detail }];
}

function providerProblems({ provider, providerCustomer, providerMethod }: ImportAccountDto): Parameters<typeof refuseAll>[0] {
  if (providerCustomer === undefined && providerMethod === undefined) return [];
  if (providerCustomer !== undefined && providerMethod !== undefined && provider !== undefined && provider !== 'manual') return [];
  const detail = 'providerCustomer and providerMethod go together, with a provider that collects.';
  return [{ pointer: '/providerMethod', code: 'incomplete', detail }];
}

const importSubscriptions: Importer = async (app, tx, lines) => {
  const checked = await Promise.all(lines.map((line) => refusalOr(() => Promise.resolve(lineOf(read(ImportSubscriptionDto, line))))));
  const good = checked.filter((line): line is ImportLine => !(line instanceof Refusal));
  const outcomes = await app.get(ImportSubscriptions).run(tx, call.actor, good);
  const byLine = new Map(good.map((line, i) => [line, outcomes[i]]));
  return checked.map((line) => (line instanceof Refusal ? line : (byLine.get(line) ?? 'unchanged')));
};

const lineOf = ({ anchorAt, paidThrough, endsAt, quantities, ...rest }: ImportSubscriptionDto): ImportLine =>
  withoutAbsent({
    ...rest,
    anchorAt: parseInstant(anchorAt),
    paidThrough: parseInstant(paidThrough),
    endsAt: endsAt ? parseInstant(endsAt) : undefined,
    quantities: quantities && Object.fromEntries(Object.entries(quantities).map(([price, quantity]) => [price, String(quantity)])),
  });

/** @throws Refusal with all that is wrong with the line */
function read<Line extends object>(Class: new () => Line, line: object): Line {
  const { body, problems } = checkedBody(Class, line);
  refuseAll(problems);
  return body;
}

async function refusalOr<T>(work: () => Promise<T>): Promise<T | Refusal> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/** What can be imported. */
export interface Importable {
  readonly take: Importer;
  readonly Line: new () => object;
  /** The field that names the thing. */
  readonly name: string;
}

export const IMPORTABLES: Readonly<Record<'accounts' | 'subscriptions', Importable>> = {
  accounts: { take: importAccounts, Line: ImportAccountDto, name: 'key' },
  subscriptions: { take: importSubscriptions, Line: ImportSubscriptionDto, name: 'reference' },
};

/** The fields that a line may have. */
export const fieldsOf = ({ Line }: Importable): string[] => [
  ...new Set(
    getMetadataStorage()
      .getTargetValidationMetadatas(Line, '', false, false)
      .map(({ propertyName }) => propertyName),
  ),
];
