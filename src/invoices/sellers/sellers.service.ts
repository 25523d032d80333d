import { Injectable } from '@nestjs/common';
import { Audit } from '../../common/audit/audit.service.js';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { type Call, checkIfMatch } from '../../common/http/call.js';
import { formatInstant } from '../../domain/instant.js';
import { Refusal } from '../../domain/refusal.js';
import { sameContent } from '../../domain/same-content.js';
import type { PutSellerDto } from './sellers.dto.js';

/** A legal entity that sells. */
export interface Seller {
  readonly key: string;
  readonly name: string;
  readonly address: Readonly<Record<string, unknown>> | null;
  readonly taxIds: readonly { readonly type: string; readonly value: string }[];
  readonly registrationNumber: string | null;
  readonly email: string | null;
  readonly iban: string | null;
  readonly bic: string | null;
  readonly paymentTerms: string | null;
  readonly bankDetails: string | null;
  readonly series: string;
  readonly creditNoteSeries: string;
  readonly isDefault: boolean;
  readonly paymentTermsDays: number;
  readonly revision: number;
}

/** What may be changed. */
type SellerContent = Omit<Seller, 'key' | 'series' | 'creditNoteSeries' | 'isDefault' | 'revision'>;

const COLUMNS = `key, name, address, tax_ids as "taxIds", registration_number as "registrationNumber", email, iban, bic,
  payment_terms as "paymentTerms", bank_details as "bankDetails", series, credit_note_series as "creditNoteSeries", is_default as "isDefault",
  payment_terms_days as "paymentTermsDays", revision`;

const UPDATE = `
  update seller set name = $2, address = $3, tax_ids = $4, registration_number = $5, email = $6, iban = $7, bic = $8, payment_terms = $9,
    bank_details = $10, payment_terms_days = $11, revision = revision + 1, updated_at = $12
  where key = $1`;

@Injectable()
export class SellersService {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
  ) {}

  /** Who sells where nothing else is said. */
  async standard(tx: Tx): Promise<Seller> {
    const [row] = await tx.query<Seller[]>(`select ${COLUMNS} from seller where is_default`);
    if (!row) throw new RangeError('there is no default seller');
    return row;
  }

  /** @throws Refusal `seller_not_found` */
  async byKey(tx: Tx, key: string): Promise<Seller> {
    const [row] = await tx.query<Seller[]>(`select ${COLUMNS} from seller where key = $1`, [key]);
    if (!row) throw new Refusal('not_found', 'seller_not_found', `There is no seller "${key}".`);
    return row;
  }

  /** Changes what stands on invoices from now on; issued ones keep what they were issued with. */
  async put(tx: Tx, call: Call, key: string, body: PutSellerDto): Promise<Seller> {
    await tx.query('select 1 from seller where key = $1 for update', [key]);
    const before = await this.byKey(tx, key);
    checkIfMatch(call, before.revision);
    const after = contentOf(body);
    if (sameContent(after, contentOf(before))) return before;
    await tx.query(UPDATE, [
      key,
      after.name,
      JSON.stringify(after.address),
      JSON.stringify(after.taxIds),
      after.registrationNumber,
      after.email,
      after.iban,
      after.bic,
      after.paymentTerms,
      after.bankDetails,
      after.paymentTermsDays,
      formatInstant(this.clock.now()),
    ]);
    await this.audit.record(tx, { actor: call.actor, action: 'seller.changed', subjectType: 'seller', subjectId: key, before, after });
    return this.byKey(tx, key);
  }
}

const contentOf = (input: PutSellerDto | Seller): SellerContent => ({
  name: input.name,
  address: (input.address as SellerContent['address'] | undefined) ?? null,
  taxIds: input.taxIds ?? [],
  registrationNumber: input.registrationNumber ?? null,
  email: input.email ?? null,
  iban: input.iban ?? null,
  bic: input.bic ?? null,
  paymentTerms: input.paymentTerms ?? null,
  bankDetails: input.bankDetails ?? null,
  paymentTermsDays: input.paymentTermsDays ?? 0,
});
