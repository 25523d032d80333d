import { Injectable } from '@nestjs/common';
import { TaxRatesService } from '../../accounts/tax-rates.service.js';
import type { Tx } from '../../common/database/database.js';
import type { LineTax } from '../../domain/billing/line.js';
import type { ManualLine } from '../../domain/billing/manual.js';
import { manualLineProblems } from '../../domain/billing/manual-rules.js';
import { parseInstant } from '../../domain/instant.js';
import { Refusal, refuseAll } from '../../domain/refusal.js';
import type { ManualLineDto } from './drafts.dto.js';

/** Lines as somebody gives them become lines that are kept. */
@Injectable()
export class GivenLines {
  constructor(private readonly taxRates: TaxRatesService) {}

  /**
   * With the tax rates that they name, as they are now.
   * @throws Refusal `computed_line`, and all that is wrong with the lines at once
   */
  async read(tx: Tx, given: readonly ManualLineDto[], currency: string): Promise<ManualLine[]> {
    refuseComputed(given);
    const lines = given.map((line) => ({ ...partsOf(line), taxRates: line.taxRates ?? null }));
    const rates = await this.taxRates.usable(
      tx,
      lines.flatMap(({ taxRates }) => taxRates ?? []),
    );
    refuseAll(
      lines.flatMap((line, i) => [
        ...manualLineProblems(line, currency, `/lines/${String(i)}`),
        ...(line.taxRates ?? []).flatMap((key, k) =>
          rates.has(key)
            ? []
            : [
                {
                  pointer: `/lines/${String(i)}/taxRates/${String(k)}`,
                  code: 'unknown_tax_rate',
                  detail: `Must be the key of a tax rate that is not archived; "${key}" is none.`,
                },
              ],
        ),
      ]),
    );
    return lines.map(({ taxRates, quantity, ...line }) => ({
      ...line,
      quantity: quantity ?? '1',
      taxes: taxRates && namedBy(rates, taxRates),
    }));
  }
}

const partsOf = ({ description, quantity, unitPrice, amount, servicePeriod }: ManualLineDto) => ({
  description,
  quantity: quantity ?? null,
  unitPrice: unitPrice ?? null,
  amount: amount ?? null,
  servicePeriod: servicePeriod ? { start: parseInstant(servicePeriod.start), end: parseInstant(servicePeriod.end) } : null,
});

function refuseComputed(given: readonly ManualLineDto[]): void {
  const problems = given.flatMap(({ subscription }, i) =>
    subscription === null || subscription === undefined
      ? []
      : [{ pointer: `/lines/${String(i)}/subscription`, code: 'computed_line', detail: 'Is computed: leave the line out.' }],
  );
  if (problems.length > 0)
    throw new Refusal(
      'unprocessable',
      'computed_line',
      'What subscriptions come to is computed anew until the invoice is finalized, and not edited: send only lines of your own, such as one that takes something off.',
      problems,
    );
}

const namedBy = (rates: ReadonlyMap<string, LineTax>, keys: readonly string[]): LineTax[] =>
  keys.flatMap((key) => {
    const rate = rates.get(key);
    return rate ? [rate] : [];
  });
