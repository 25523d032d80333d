import { Body, Controller, Get, Put, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { AddressDto, TaxIdDto } from '../../accounts/accounts.dto.js';
import { Database } from '../../common/database/database.js';
import { type Call, CurrentCall } from '../../common/http/call.js';
import { etagOf } from '../../common/http/etag.js';
import { Key, requireSameKey } from '../../common/http/key-param.js';
import { type Page, pageOf, PageQuery } from '../../common/http/page.js';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { Writes } from '../../common/http/writes.js';
import { PutSellerDto, SellerView } from './sellers.dto.js';
import { type Seller, SellersService } from './sellers.service.js';

@ApiTags('invoices')
@Controller({ path: 'sellers', version: '2' })
export class SellersController {
  constructor(
    private readonly sellers: SellersService,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Put(':key')
  @Scopes('invoices:write')
  @ApiOperation({ operationId: 'putSeller', summary: 'Create a seller, or change what stands on its documents from now on' })
  @ApiOkResponse({ type: SellerView, description: 'The seller.' })
  @ApiProblems(409, 412)
  async put(
    @CurrentCall() call: Call,
    @Key() key: string,
    @Body() body: PutSellerDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SellerView> {
    requireSameKey(key, body.key);
    return tagged(reply, await this.writes.run(call, (tx) => this.sellers.put(tx, call, key, body)));
  }

  @Get()
  @Scopes('invoices:read')
  @ApiOperation({ operationId: 'listSellers', summary: 'Sellers, newest first' })
  @ApiOkResponse({ type: pageOf(SellerView), description: 'A page of sellers.' })
  @ApiProblems()
  list(@Query() query: PageQuery): Promise<Page<SellerView>> {
    return this.database.transaction(async (tx) => {
      const { data, nextCursor } = await this.sellers.list(tx, query);
      return { data: data.map(view), nextCursor };
    });
  }

  @Get(':key')
  @Scopes('invoices:read')
  @ApiOperation({ operationId: 'getSeller', summary: 'One seller' })
  @ApiOkResponse({ type: SellerView, description: 'The seller.' })
  @ApiProblems(404)
  async read(@Key() key: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<SellerView> {
    return tagged(reply, await this.database.transaction((tx) => this.sellers.byKey(tx, key)));
  }
}

function tagged(reply: FastifyReply, seller: Seller): SellerView {
  void reply.header('etag', etagOf(seller.revision));
  return view(seller);
}

const view = (seller: Seller): SellerView => ({
  key: seller.key,
  name: seller.name,
  address: seller.address as AddressDto | null,
  taxIds: [...seller.taxIds] as TaxIdDto[],
  registrationNumber: seller.registrationNumber,
  email: seller.email,
  iban: seller.iban,
  bic: seller.bic,
  paymentTerms: seller.paymentTerms,
  bankDetails: seller.bankDetails,
  paymentTermsDays: seller.paymentTermsDays,
  timeZone: seller.timeZone,
  invoicePrefix: seller.invoicePrefix,
  creditNotePrefix: seller.creditNotePrefix,
  isDefault: seller.isDefault,
});
