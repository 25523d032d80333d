import { Injectable } from '@nestjs/common';
import { AccountsService } from '../accounts/accounts.service.js';
import type { Tx } from '../common/database/database.js';
import { cursorKey, type Page, page, type PageQuery } from '../common/http/page.js';
import { Refusal } from '../domain/refusal.js';
import type { Parking } from './billing-state.js';
import type { ParkedAccountView } from './invoices.dto.js';

const UUID = /^[0-9a-f-]{36}$/;

@Injectable()
export class ParkedAccounts {
  constructor(private readonly accounts: AccountsService) {}

  /** Relies on billing_state_parked. */
  async list(tx: Tx, { limit, cursor }: PageQuery): Promise<Page<ParkedAccountView>> {
    const [after] = cursorKey(cursor) ?? [];
    if (after !== undefined && !UUID.test(after))
      throw new Refusal(
        'invalid',
        'invalid_cursor',
        'The cursor is not one of this list: send the nextCursor of its last page, or leave it out.',
      );
    const rows = await tx.query<{ accountId: string; parked: Parking }[]>(
      `select account_id as "accountId", parked from billing_state where parked is not null and ($1::uuid is null or account_id > $1) order by account_id limit $2`,
      [after ?? null, limit + 1],
    );
    const { data, nextCursor } = page(rows, limit, (row) => [row.accountId]);
    const keys = await this.accounts.keys(
      tx,
      data.map((row) => row.accountId),
    );
    return { data: data.map(({ accountId, parked }) => ({ account: keys.get(accountId) ?? '', ...parked })), nextCursor };
  }
}
