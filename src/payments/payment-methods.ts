import { Injectable } from '@nestjs/common';
import { AccountsService } from '../accounts/accounts.service.js';
import type { Actor } from '../common/actor.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import { Database, type Tx } from '../common/database/database.js';
import type { Call } from '../common/http/call.js';
import { formatInstant } from '../domain/instant.js';
import { Providers } from '../providers/providers.js';
import { BeginPayments } from './begin-payments.js';
import { chooseMethod, findMethod } from './choose-method.js';
import { METHOD_COLUMNS, METHOD_ORDER, type PaymentMethod } from './payment-records.js';
import type { MethodSetupView, PaymentMethodsView, PaymentMethodView } from './payments.dto.js';

/** A payment method that its provider has stored, and that we are about to note. */
type StoredMethod = Pick<PaymentMethod, 'accountId' | 'provider' | 'customer' | 'reference' | 'label'>;

type Holder = Pick<Awaited<ReturnType<AccountsService['byKey']>>, 'id' | 'name' | 'email' | 'currency' | 'provider'>;

@Injectable()
export class PaymentMethods {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly accounts: AccountsService,
    private readonly providers: Providers,
    private readonly payments: BeginPayments,
  ) {}

  /** Whom a provider is told of. @throws Refusal `account_not_found` */
  holder(tx: Tx, key: string): Promise<Holder> {
    return this.accounts.byKey(tx, key);
  }

  /** Calls the provider, so outside a transaction. @throws Refusal `not_supported`, `provider_unavailable` */
  async setUp({ id, name, email, currency, provider }: Holder): Promise<MethodSetupView> {
    const port = this.providers.named(provider);
    return port.setUpMethod(await port.ensureCustomer({ accountId: id, name, email }), { currency });
  }

  /** Calls the provider, so outside a transaction: that one may be repeated. @throws Refusal `account_not_found`, `payment_method_refused`, `not_supported`, `provider_unavailable` */
  async store(key: string, token: string): Promise<StoredMethod> {
    const { id: accountId, name, email, provider } = await this.database.transaction((tx) => this.holder(tx, key));
    const port = this.providers.named(provider);
    const customer = await port.ensureCustomer({ accountId, name, email });
    return { accountId, provider, customer, ...(await port.storeMethod(customer, token)) };
  }

  /** Notes a payment method that its provider has stored, and collects with it what is unpaid. One that is known already stays the same. */
  async keep(tx: Tx, { actor }: Pick<Call, 'actor'>, stored: StoredMethod): Promise<PaymentMethodView> {
    const { method, changed } = await chooseMethod(tx, stored, this.clock.now());
    const { accountId, id, provider, label } = method;
    if (changed)
      await this.audit.record(tx, {
        actor,
        action: 'payment_method.added',
        accountId,
        subjectType: 'payment_method',
        subjectId: id,
        after: { provider, label },
      });
    await this.payments.retryUnpaid(tx, { actor, reason: 'A payment method was added.' }, accountId);
    return view(method);
  }

  /** Takes over a payment method that its provider has already, of an account that moves in; the same one again changes nothing. */
  async attach(
    tx: Tx,
    actor: Actor,
    { accountId, provider, customer, reference }: Pick<PaymentMethod, 'accountId' | 'provider' | 'customer' | 'reference'>,
  ): Promise<void> {
    const stored = { accountId, provider, customer, reference, label: 'Taken over' };
    if (await findMethod(tx, stored)) return;
    const { method } = await chooseMethod(tx, stored, this.clock.now());
    await this.audit.record(tx, {
      actor,
      action: 'payment_method.taken_over',
      accountId,
      subjectType: 'payment_method',
      subjectId: method.id,
      after: { provider, customer },
    });
  }

  async list(tx: Tx, key: string): Promise<PaymentMethodsView> {
    const { id } = await this.accounts.byKey(tx, key);
    const rows = await tx.query<PaymentMethod[]>(
      `select ${METHOD_COLUMNS} from payment_method where account_id = $1 order by ${METHOD_ORDER}`,
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
