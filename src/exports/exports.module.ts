import { Module } from '@nestjs/common';
import { LedgerModule } from '../ledger/ledger.module.js';
import { BackgroundExports } from './background-exports.js';
import { BeginExport } from './begin-export.js';
import { datasetController } from './dataset-controller.js';
import { DATASETS } from './datasets.js';
import { ExportsController } from './exports.controller.js';
import { Exports } from './exports.service.js';
import { AccountingMappingsController } from './mappings/accounting-mappings.controller.js';
import { AccountingMappingsService } from './mappings/accounting-mappings.service.js';

@Module({
  imports: [LedgerModule],
  controllers: [...DATASETS.map(datasetController), ExportsController, AccountingMappingsController],
  providers: [AccountingMappingsService, BackgroundExports, BeginExport, Exports],
})
export class ExportsModule {}
