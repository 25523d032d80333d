import { Injectable } from '@nestjs/common';
import { AccountsService } from '../accounts/accounts.service.js';
import type { Actor } from '../common/actor.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import type { Call } from '../common/http/call.js';
import { newId } from '../common/ids.js';
import { formatInstant } from '../domain/instant.js';
import { Providers } from '../providers/providers.js';
import { Collection } from './collection.js';
import { METHOD_COLUMNS, type PaymentMethod } from './payment-records.js';
import type { MethodSetupView, PaymentMethodsView, PaymentMethodView } from './payments.dto.js';

@Injectable()
export class PaymentMethods {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly accounts: AccountsService,
    private readonly providers: Providers,
    private readonly collection: Collection,
  ) {}

  /** @throws Refusal `account_not_found`, `not_supported` */
  async setUp(tx: Tx, key: string): Promise<MethodSetupView> {
    const { id, name, email, provider } = await this.accounts.byKey(tx, key);
    const port = this.providers.named(provider);
    return port.setUpMethod(await port.ensureCustomer({ accountId: id, name, email }));
  }

  /** @throws Refusal `account_not_found`, `payment_method_refused`, `not_supported` */
  async add(tx: Tx, call: Call, key: string, token: string): Promise<PaymentMethodView> {
    const { id: accountId, name, email, provider } = await this.accounts.byKey(tx, key);
    const port = this.providers.named(provider);
    const customer = await port.ensureCustomer({ accountId, name, email });
    const { reference, label } = await port.storeMethod(customer, token);
    const method: PaymentMethod = {
      accountId,
      id: newId('pm', this.clock.now(), accountId),
      provider,
      customer,
      reference,
      label,
      createdAt: this.clock.now(),
    };
    await tx.query(
      'insert into payment_method (account_id, id, provider, customer, reference, label, created_at) values ($1, $2, $3, $4, $5, $6, $7)',
      [accountId, method.id, provider, customer, reference, label, formatInstant(method.createdAt)],
    );
    await this.audit.record(tx, {
      actor: call.actor,
      action: 'payment_method.added',
      accountId,
      subjectType: 'payment_method',
      subjectId: method.id,
      after: { provider, label },
    });
    await this.collection.retryUnpaid(tx, accountId);
    return view(method);
  }

  /** Takes over a payment method that its provider has already, of an account that moves in; the same one again changes nothing. */
  async attach(
    tx: Tx,
    actor: Actor,
    { accountId, provider, customer, reference }: Pick<PaymentMethod, 'accountId' | 'provider' | 'customer' | 'reference'>,
  ): Promise<void> {
    const createdAt = this.clock.now();
    const [added] = await tx.query<{ id: string }[]>(
      `insert into payment_method (account_id, id, provider, customer, reference, label, created_at)
       select $1, $2, $3, $4, $5, 'Taken over', $6
       where not exists (select 1 from payment_method where account_id = $1 and provider = $3 and customer = $4 and reference = $5) returning id`,
      [accountId, newId('pm', createdAt, accountId), provider, customer, reference, formatInstant(createdAt)],
    );
    if (!added) return;
    const after = { provider, customer };
    await this.audit.record(tx, {
      actor,
      action: 'payment_method.taken_over',
      accountId,
      subjectType: 'payment_method',
      subjectId: added.id,
      after,
    });
  }

  async list(tx: Tx, key: string): Promise<PaymentMethodsView> {
    const { id } = await this.accounts.byKey(tx, key);
    const rows = await tx.query<PaymentMethod[]>(
      `select ${METHOD_COLUMNS} from payment_method where account_id = $1 order by created_at desc, id desc`,
      [id],
    );
    return { data: rows.map(view) };
  }
}

const view = ({ id, provider, label, createdAt }: PaymentMethod): PaymentMethodView => ({
  id,
  provider,
  label,
  createdAt: formatInstant(createdAt),
});
