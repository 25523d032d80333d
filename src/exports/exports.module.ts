import { Module } from '@nestjs/common';
import { InvoicesModule } from '../invoices/invoices.module.js';
import { ExportsController } from './exports.controller.js';
import { InvoiceLinesExport } from './invoice-lines.js';

@Module({ imports: [InvoicesModule], controllers: [ExportsController], providers: [InvoiceLinesExport] })
export class ExportsModule {}
