import type { PriceModel } from '../catalog.js';
import { flat } from './flat.js';
import { graduatedPercentage } from './graduated-percentage.js';
import { graduated } from './graduated.js';
import type { Measured, Rated, Rater } from './model.js';
import { packaged } from './package.js';
import { perUnit } from './per-unit.js';
import { percentage } from './percentage.js';
import { stairstep } from './stairstep.js';
import { volume } from './volume.js';

type Raters = { readonly [Name in PriceModel['model']]: Rater<Extract<PriceModel, { readonly model: Name }>> };

/** The price models: to add one, write its file and name it here. */
const RATERS: Raters = {
  flat,
  per_unit: perUnit,
  graduated,
  volume,
  stairstep,
  package: packaged,
  percentage,
  graduated_percentage: graduatedPercentage,
};

/** What a quantity costs under a price model: exact, in major units. */
export function rate(model: PriceModel, measured: Measured): Rated {
  const rater = RATERS[model.model] as Rater<PriceModel>; // the table pairs each name with the rater of its own model
  return rater(model, measured);
}
