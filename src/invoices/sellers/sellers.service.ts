import { isDeepStrictEqual } from 'node:util';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { accountSellerChanging } from '../../accounts/accounts.service.js';
import { Audit } from '../../common/audit/audit.service.js';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { newestFirstKey } from '../../common/database/newest-first.js';
import { Hooks } from '../../common/hooks.js';
import { type Call, checkIfMatch } from '../../common/http/call.js';
import { type Page, page, type PageQuery } from '../../common/http/page.js';
import { prefixAt, prefixesMeet } from '../../domain/document-number.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import { Refusal, refuseAll } from '../../domain/refusal.js';
import { withoutAbsent } from '../../domain/without-absent.js';
import type { NumberSeries } from '../number-series.js';
import type { PutSellerDto } from './sellers.dto.js';

interface SellerContent {
  readonly name: string;
  readonly address: Readonly<Record<string, unknown>> | null;
  readonly taxIds: readonly { readonly type: string; readonly value: string }[];
  readonly registrationNumber: string | null;
  readonly email: string | null;
  readonly iban: string | null;
  readonly bic: string | null;
  readonly paymentTerms: string | null;
  readonly bankDetails: string | null;
  readonly paymentTermsDays: number;
  /** In which the year of its numbers is counted. */
  readonly timeZone: string;
  /** What numbers of its invoices begin with; `{year}` is the year of issue. */
  readonly invoicePrefix: string;
  readonly creditNotePrefix: string;
  readonly isDefault: boolean;
}

/** A legal entity that sells. */
export interface Seller extends SellerContent {
  readonly key: string;
  readonly revision: number;
}

type SellerRow = Seller & { readonly createdAt: Instant };

const SELECT = `select key, name, address, tax_ids as "taxIds", registration_number as "registrationNumber", email, iban, bic,
  payment_terms as "paymentTerms", bank_details as "bankDetails", payment_terms_days as "paymentTermsDays",
  time_zone as "timeZone", invoice_prefix as "invoicePrefix", credit_note_prefix as "creditNotePrefix", is_default as "isDefault", revision,
  created_at as "createdAt" from seller`;

const SAVE = `
  insert into seller (key, name, address, tax_ids, bank_details, payment_terms_days, time_zone, invoice_prefix, credit_note_prefix, is_default,
    created_at, updated_at, registration_number, email, iban, bic, payment_terms)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, $13, $14, $15, $16)
  on conflict (key) do update set name = $2, address = $3, tax_ids = $4, bank_details = $5, payment_terms_days = $6, time_zone = $7,
    invoice_prefix = $8, credit_note_prefix = $9, is_default = $10, revision = seller.revision + 1, updated_at = $11,
    registration_number = $12, email = $13, iban = $14, bic = $15, payment_terms = $16`;

@Injectable()
export class SellersService implements OnModuleInit {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly hooks: Hooks,
  ) {}

  onModuleInit(): void {
    this.hooks.on(accountSellerChanging, (tx, { seller }) => refuseUnknown(tx, seller));
  }

  /** Who sells to each of these: the default seller where none is named. */
  async of<Buyer extends { readonly seller: string | null }>(tx: Tx, buyers: readonly Buyer[]): Promise<(buyer: Buyer) => Seller> {
    const named = [...new Set(buyers.flatMap(({ seller }) => seller ?? []))];
    const rows = await tx.query<Seller[]>(`${SELECT} where is_default or key = any($1::text[])`, [named]);
    return ({ seller }) => {
      const found = rows.find(({ key, isDefault }) => (seller === null ? isDefault : key === seller));
      if (!found) throw new RangeError(`there is no seller ${seller ?? 'by default'}`);
      return found;
    };
  }

  /** @throws Refusal `seller_not_found` */
  async byKey(tx: Tx, key: string): Promise<Seller> {
    const seller = await find(tx, key);
    if (!seller) throw new Refusal('not_found', 'seller_not_found', `There is no seller "${key}": create it with PUT /v2/sellers/${key}.`);
    return seller;
  }

  /** Newest first. */
  async list(tx: Tx, { cursor, limit }: PageQuery): Promise<Page<Seller>> {
    const after = newestFirstKey(cursor);
    const rows = await tx.query<SellerRow[]>(
      `${SELECT} where $1::timestamptz is null or (created_at, key) < ($1, $2) order by created_at desc, key desc limit $3`,
      [after?.createdAt ?? null, after?.key ?? null, limit + 1],
    );
    return page(rows, limit, (row) => [formatInstant(row.createdAt), row.key]);
  }

  /**
   * Creates a seller, or changes what stands on its documents from now on; issued ones keep what they were issued with.
   * @throws Refusal `number_prefix_taken`, `default_seller_needed`
   */
  async put(tx: Tx, call: Call, key: string, input: PutSellerDto): Promise<Seller> {
    await tx.query('lock table seller in share row exclusive mode'); // prefixes, and who is the default, are compared over all sellers
    const before = await find(tx, key);
    checkIfMatch(call, before?.revision);
    const after = contentOf(key, input, before);
    if (before && isDeepStrictEqual(contentOf(key, before, before), after)) return before;
    await this.refusePrefixes(tx, key, after);
    if (before?.isDefault === true && !after.isDefault)
      throw new Refusal('conflict', 'default_seller_needed', 'One seller is the default: make another one so with "isDefault": true.');
    if (after.isDefault) await tx.query('update seller set is_default = false where is_default and key <> $1', [key]);
    await tx.query(SAVE, [
      key,
      after.name,
      JSON.stringify(after.address),
      JSON.stringify(after.taxIds),
      after.bankDetails,
      after.paymentTermsDays,
      after.timeZone,
      after.invoicePrefix,
      after.creditNotePrefix,
      after.isDefault,
      formatInstant(this.clock.now()),
      after.registrationNumber,
      after.email,
      after.iban,
      after.bic,
      after.paymentTerms,
    ]);
    const action = before ? 'seller.changed' : 'seller.created';
    await this.audit.record(tx, {
      actor: call.actor,
      action,
      subjectType: 'seller',
      subjectId: key,
      ...(before ? { before: contentOf(key, before, before) } : {}),
      after,
    });
    return this.byKey(tx, key);
  }

  /** No two documents of an installation bear one number, whoever issued them, and in whichever year. */
  private async refusePrefixes(tx: Tx, key: string, { invoicePrefix, creditNotePrefix }: SellerContent): Promise<void> {
    const used = await tx.query<{ seller: string | null; documents: string | null; prefix: string }[]>(
      `select seller, documents, prefix from number_series union all
       select key, 'invoice', invoice_prefix from seller where key <> $1 union all select key, 'credit_note', credit_note_prefix from seller where key <> $1`,
      [key],
    );
    const wanted = [
      { pointer: '/invoicePrefix', documents: 'invoice', prefix: invoicePrefix },
      { pointer: '/creditNotePrefix', documents: 'credit_note', prefix: creditNotePrefix },
    ] as const;
    if (prefixesMeet(invoicePrefix, creditNotePrefix))
      refuseAll([{ pointer: '/creditNotePrefix', code: 'number_prefix_taken', detail: 'Must differ from that of the invoices.' }]);
    for (const { documents, prefix } of wanted) {
      const holder = used.find((one) => (one.seller !== key || one.documents !== documents) && prefixesMeet(one.prefix, prefix));
      if (holder)
        throw new Refusal(
          'conflict',
          'number_prefix_taken',
          `Numbers that begin with "${prefix}" are, or were, those of other documents (of the seller "${holder.seller ?? ''}"): choose another prefix.`,
        );
    }
  }
}

/** The series that a seller's documents are numbered in, when they are issued at that instant. */
export const seriesAt = (seller: Seller, documents: NumberSeries['documents'], at: Instant): NumberSeries => ({
  seller: seller.key,
  documents,
  prefix: prefixAt(documents === 'invoice' ? seller.invoicePrefix : seller.creditNotePrefix, at, seller.timeZone),
});

async function find(tx: Tx, key: string): Promise<Seller | undefined> {
  const [row] = await tx.query<SellerRow[]>(`${SELECT} where key = $1`, [key]);
  if (!row) return undefined;
  const { createdAt: _createdAt, ...seller } = row;
  return seller;
}

async function refuseUnknown(tx: Tx, seller: string): Promise<void> {
  if (await find(tx, seller)) return;
  throw new Refusal('unprocessable', 'unknown_seller', `There is no seller "${seller}": create it with PUT /v2/sellers/${seller}.`, [
    { pointer: '/seller', code: 'unknown_seller', detail: 'Must be the key of a seller.' },
  ]);
}

/** All that a PUT may say, with what it leaves out filled in: how documents are numbered, and who is the default, stays as it is. */
function contentOf(key: string, input: PutSellerDto | Seller, before: Seller | undefined): SellerContent {
  return {
    name: input.name,
    address: input.address ? withoutAbsent({ ...input.address }) : null,
    taxIds: (input.taxIds ?? []).map(({ type, value }) => ({ type, value })),
    registrationNumber: input.registrationNumber ?? null,
    email: input.email ?? null,
    iban: input.iban ?? null,
    bic: input.bic ?? null,
    paymentTerms: input.paymentTerms ?? null,
    bankDetails: input.bankDetails ?? null,
    paymentTermsDays: input.paymentTermsDays ?? 0,
    timeZone: input.timeZone ?? before?.timeZone ?? 'UTC',
    invoicePrefix: input.invoicePrefix ?? before?.invoicePrefix ?? `${prefixOf(key)}-`,
    creditNotePrefix: input.creditNotePrefix ?? before?.creditNotePrefix ?? `${prefixOf(key)}-CN-`,
    isDefault: input.isDefault ?? before?.isDefault ?? false,
  };
}

const prefixOf = (key: string): string =>
  key
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, '-')
    .replace(/-$/, '')
    .slice(0, 30);
