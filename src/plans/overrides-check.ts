import { Injectable } from '@nestjs/common';
import { TaxRatesService } from '../accounts/tax-rates.service.js';
import type { Tx } from '../common/database/database.js';
import { meterPriceProblems } from '../domain/price-rules.js';
import { refuseAll } from '../domain/refusal.js';
import type { Overrides } from '../domain/subscription/facts.js';
import { MetersService } from '../meters/meters.service.js';
import { FeaturesService } from './features.service.js';
import { refuseFilling } from './filling-meters.js';
import { taxRatesOfPrices } from './tax-rates-named.js';

/** What overrides need of the catalog: their features, and meters that can do what their prices ask. */
@Injectable()
export class OverridesCheck {
  constructor(
    private readonly meters: MetersService,
    private readonly features: FeaturesService,
    private readonly taxRates: TaxRatesService,
  ) {}

  /** @throws Refusal `unknown_feature`, `meter_filling`, `invalid_request`, `unknown_tax_rate` */
  async run(tx: Tx, { prices = [], entitlements = {} }: Overrides): Promise<void> {
    await this.features.refuseUnusable(tx, entitlements, '/overrides/entitlements');
    await this.taxRates.refuseUnusable(tx, taxRatesOfPrices(prices, '/overrides/prices'), []);
    const meters = new Map((await this.meters.all(tx)).map((meter) => [meter.key, meter]));
    refuseFilling(prices.flatMap((price) => (price.kind === 'metered' ? (meters.get(price.meter) ?? []) : [])));
    refuseAll(
      prices.flatMap((price, i) => {
        const meter = price.kind === 'metered' ? meters.get(price.meter) : undefined;
        return meter ? meterPriceProblems(price, `/overrides/prices/${String(i)}`, meter) : [];
      }),
    );
  }
}
