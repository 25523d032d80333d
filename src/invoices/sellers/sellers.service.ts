import { Injectable } from '@nestjs/common';
import { Audit } from '../../common/audit/audit.service.js';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { type Call, checkIfMatch } from '../../common/http/call.js';
import { formatInstant } from '../../domain/instant.js';
import { Refusal } from '../../domain/refusal.js';
import type { PutSellerDto } from './sellers.dto.js';

/** A legal entity that sells. */
export interface Seller {
  readonly key: string;
  readonly name: string;
  readonly address: Readonly<Record<string, unknown>> | null;
  readonly taxIds: readonly { readonly type: string; readonly value: string }[];
  readonly bankDetails: string | null;
  readonly series: string;
  readonly creditNoteSeries: string;
  readonly isDefault: boolean;
  readonly paymentTermsDays: number;
  readonly revision: number;
}

const COLUMNS = `key, name, address, tax_ids as "taxIds", bank_details as "bankDetails", series, credit_note_series as "creditNoteSeries", is_default as "isDefault",
  payment_terms_days as "paymentTermsDays", revision`;

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
  async put(tx: Tx, call: Call, key: string, { name, address, taxIds, bankDetails, paymentTermsDays }: PutSellerDto): Promise<Seller> {
    await tx.query('select 1 from seller where key = $1 for update', [key]);
    const before = await this.byKey(tx, key);
    checkIfMatch(call, before.revision);
    const after = {
      name,
      address: address ?? null,
      taxIds: taxIds ?? [],
      bankDetails: bankDetails ?? null,
      paymentTermsDays: paymentTermsDays ?? 0,
    };
    const content = JSON.stringify(after);
    const { address: a, taxIds: t, bankDetails: b, paymentTermsDays: d, name: n } = before;
    if (content === JSON.stringify({ name: n, address: a, taxIds: t, bankDetails: b, paymentTermsDays: d })) return before;
    await tx.query(
      `update seller set name = $2, address = $3, tax_ids = $4, bank_details = $5, payment_terms_days = $6, revision = revision + 1, updated_at = $7 where key = $1`,
      [
        key,
        after.name,
        JSON.stringify(after.address),
        JSON.stringify(after.taxIds),
        after.bankDetails,
        after.paymentTermsDays,
        formatInstant(this.clock.now()),
      ],
    );
    await this.audit.record(tx, { actor: call.actor, action: 'seller.changed', subjectType: 'seller', subjectId: key, before, after });
    return this.byKey(tx, key);
  }
}
