import { Clock } from '../common/clock.js';
import { Database } from '../common/database/database.js';
import { checkedBody } from '../common/http/validation.js';
import { refuseAll } from '../domain/refusal.js';
import { PutMeterDto } from '../meters/meters.dto.js';
import { MetersService } from '../meters/meters.service.js';
import { PutFeatureDto } from '../plans/features.dto.js';
import { FeaturesService } from '../plans/features.service.js';
import { PutPlanDto } from '../plans/plans.dto.js';
import { PutPlan } from '../plans/put-plan.js';
import { FEATURES, NODE_METER, PLANS } from './catalog.js';
import type { Command } from './command.js';
import { openContext, operatorCall } from './context.js';

export const seed: Command = {
  summary: 'set up the plans of an image registry and of nodes by the hour',
  usage: `Usage: wharfage seed

Creates the features, six flat plans and default plans of the product "hub" (which /v1 sells), and the meter and plan of the product "cloud".
What is there already stays as it is; run again, it changes nothing. Change them later with PUT /v2/plans/{key}.`,
  async run() {
    const context = await openContext();
    try {
      const { app } = context;
      await app.get(Clock).refresh();
      const call = operatorCall('seed');
      const [features, meters, plans] = [app.get(FeaturesService), app.get(MetersService), app.get(PutPlan)];
      await app.get(Database).transaction(async (tx) => {
        for (const feature of FEATURES) await features.put(tx, call, feature.key, read(PutFeatureDto, feature));
        await meters.put(tx, call, NODE_METER.key, read(PutMeterDto, NODE_METER));
        for (const plan of PLANS) await plans.run(tx, call, plan.key, read(PutPlanDto, plan));
      });
      process.stdout.write(`${PLANS.map(({ key, name }) => `${key}: ${name}`).join('\n')}\n`);
      return 0;
    } finally {
      await context.close();
    }
  },
};

function read<Body extends object>(Body: new () => Body, value: object): Body {
  const { body, problems } = checkedBody(Body, value);
  refuseAll(problems);
  return body;
}
