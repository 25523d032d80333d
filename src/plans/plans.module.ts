import { Module } from '@nestjs/common';
import { MetersModule } from '../meters/meters.module.js';
import { CouponsController } from './coupons.controller.js';
import { CouponsService } from './coupons.service.js';
import { PlansController } from './plans.controller.js';
import { PlansService } from './plans.service.js';
import { PutPlan } from './put-plan.js';

@Module({
  imports: [MetersModule],
  controllers: [PlansController, CouponsController],
  providers: [PlansService, PutPlan, CouponsService],
  exports: [PlansService, PutPlan, CouponsService],
})
export class PlansModule {}
