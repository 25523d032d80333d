import { Body, Controller, Get, Put, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { AddressDto, TaxIdDto } from '../../accounts/accounts.dto.js';
import { Database } from '../../common/database/database.js';
import { type Call, CurrentCall } from '../../common/http/call.js';
import { etagOf } from '../../common/http/etag.js';
import { Key, requireSameKey } from '../../common/http/key-param.js';
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
  @ApiOperation({ operationId: 'putSeller', summary: 'Change what stands on invoices from now on' })
  @ApiOkResponse({ type: SellerView, description: 'The seller.' })
  @ApiProblems(404, 412)
  async put(
    @CurrentCall() call: Call,
    @Key() key: string,
    @Body() body: PutSellerDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SellerView> {
    requireSameKey(key, body.key);
    return tagged(reply, await this.writes.run(call, (tx) => this.sellers.put(tx, call, key, body)));
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

function tagged(reply: FastifyReply, { revision, address, taxIds, ...seller }: Seller): SellerView {
  void reply.header('etag', etagOf(revision));
  return { ...seller, address: address as AddressDto | null, taxIds: [...taxIds] as TaxIdDto[] };
}
