import { Body, Controller, Get, Put } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { formatInstant, type Instant, parseInstant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import { Audit } from './audit/audit.service.js';
import { Clock } from './clock.js';
import { type Call, CurrentCall } from './http/call.js';
import { IsInstant } from './http/field-rules.js';
import { ApiProblems } from './http/problem.js';
import { Scopes } from './http/scopes.js';
import { Writes } from './http/writes.js';

export class TestClockDto {
  @ApiProperty({ description: 'The time of the whole service.', format: 'date-time' })
  @IsInstant()
  now!: string;
}

@ApiTags('administration')
@Controller({ path: 'test-clock', version: '2' })
export class TestClockController {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly writes: Writes,
  ) {}

  @Get()
  @Scopes('admin')
  @ApiOperation({ operationId: 'getTestClock', summary: 'Where the test clock stands' })
  @ApiOkResponse({ type: TestClockDto, description: 'The time.' })
  @ApiProblems(409)
  read(): TestClockDto {
    this.refuseRealTime();
    return { now: formatInstant(this.clock.now()) };
  }

  @Put()
  @Scopes('admin')
  @ApiOperation({
    operationId: 'putTestClock',
    summary: 'Move the test clock forwards; everything due in between is done, in order, before the answer',
  })
  @ApiOkResponse({ type: TestClockDto, description: 'The time.' })
  @ApiProblems(409, 422)
  async set(@CurrentCall() call: Call, @Body() { now }: TestClockDto): Promise<TestClockDto> {
    this.refuseRealTime();
    const target = parseInstant(now);
    if (target < this.clock.now())
      throw new Refusal(
        'unprocessable',
        'test_clock_backwards',
        `The test clock stands at ${formatInstant(this.clock.now())} and only moves forwards.`,
      );
    for (let due = await this.nextDue(); due !== undefined && due < target; due = await this.nextDue()) await this.moveTo(call, due);
    await this.moveTo(call, target);
    return { now: formatInstant(this.clock.now()) };
  }

  /** The first instant, after where the clock stands, at which somebody has something to do. */
  private async nextDue(): Promise<Instant | undefined> {
    const dues = await Promise.all(this.clock.travellers.map((traveller) => traveller.nextDue(this.clock.now())));
    return dues.reduce((least, due) => (least === undefined || (due !== undefined && due < least) ? due : least), undefined);
  }

  private async moveTo(call: Call, at: Instant): Promise<void> {
    await this.writes.run(call, async (tx) => {
      const before = this.clock.now();
      await this.clock.move(tx, at);
      if (before < at)
        await this.audit.record(tx, {
          actor: call.actor,
          action: 'test_clock.moved',
          subjectType: 'test_clock',
          subjectId: 'test_clock',
          before: { now: formatInstant(before) },
          after: { now: formatInstant(at) },
        });
    });
    await this.clock.refresh();
    for (const traveller of this.clock.travellers) await traveller.runDue();
  }

  private refuseRealTime(): void {
    if (!this.clock.isTestClock)
      throw new Refusal('conflict', 'test_clock_off', 'Time is real here: start the service with TEST_CLOCK=on to set it.');
  }
}
