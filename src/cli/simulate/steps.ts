import { OmitType } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { GRANT_KINDS, type GrantKind } from '../../domain/billing/grants.js';
import { tryInstant } from '../../domain/instant.js';
import type { MeterEvent } from '../../domain/metering/meter-event.js';
import type { Step } from '../../domain/simulation.js';
import { ACTIONS } from '../../domain/subscription/commands/transitions.js';
import { READERS as ACTION_READERS, startInput } from '../../subscriptions/actions.js';
import { CreateCreditGrantDto } from '../../invoices/grants/credit-grants.dto.js';
import { StartSubscriptionDto } from '../../subscriptions/subscriptions.dto.js';
import { body, type Problems } from './bodies.js';
import { readPlan } from './plans.js';
import { isRecord, type Placed, type Records, recordsOf } from './records.js';

/** A subscription here needs no account: the file has one. It is added to another one by name. */
class SubscribeBody extends OmitType(StartSubscriptionDto, ['account', 'addOnTo'] as const) {}

/** A grant here is paid for where the step does not say. */
class CreditGrantBody extends OmitType(CreateCreditGrantDto, ['kind'] as const) {
  @IsOptional()
  @IsIn(GRANT_KINDS)
  kind: GrantKind = 'paid';
}

type Reader = (record: Records, pointer: string, problems: Problems) => Step | undefined;

/** The actions on a subscription: their bodies are those of the API. */
const ACTION_STEPS: Readonly<Record<string, Reader>> = Object.fromEntries(
  ACTIONS.map((action): [string, Reader] => [
    action,
    ({ at, do: _do, subscription, ...rest }, pointer, problems) => {
      const { Body, read } = ACTION_READERS[action];
      const dto = body(Body, rest, pointer, problems);
      const name = nameAt(subscription, `${pointer}/subscription`, problems);
      return dto && name !== undefined ? { at: instantOf(at), do: 'change', subscription: name, action: read(dto) } : undefined;
    },
  ]),
);

const MIGRATIONS = ['no', 'now', 'period_end'] as const;

/** What a step may do. */
const READERS: Readonly<Record<string, Reader>> = {
  subscribe: ({ at, do: _do, as, addOnTo, ...rest }, pointer, problems) => {
    const dto = body(SubscribeBody, rest, pointer, problems);
    const name = nameAt(as, `${pointer}/as`, problems);
    const parent = addOnTo === undefined ? undefined : nameAt(addOnTo, `${pointer}/addOnTo`, problems);
    if (!dto || name === undefined) return undefined;
    const { plan, planVersion, account: _account, addOnTo: _addOnTo, ...command } = startInput({ ...dto, account: '' });
    return {
      at: instantOf(at),
      do: 'subscribe',
      as: name,
      plan,
      ...(planVersion === undefined ? {} : { planVersion }),
      ...(parent === undefined ? {} : { addOnTo: parent }),
      command,
    };
  },
  ...ACTION_STEPS,
  'plan-version': ({ at, plan: content, migrate = 'no' }, pointer, problems) => {
    const plan = isRecord(content) ? readPlan(content, `${pointer}/plan`, problems) : undefined;
    if (!isRecord(content)) problems.say(`${pointer}/plan`, 'not_an_object', 'Must be a body of PUT /v2/plans.');
    const wanted = MIGRATIONS.find((one) => one === migrate);
    if (wanted === undefined) problems.say(`${pointer}/migrate`, 'not_allowed', `Must be one of: ${MIGRATIONS.join(', ')}.`);
    return plan && wanted ? { at: instantOf(at), do: 'plan-version', plan, migrate: wanted } : undefined;
  },
  'credit-grant': ({ at, do: _do, ...rest }, pointer, problems) => {
    const dto = body(CreditGrantBody, rest, pointer, problems);
    if (!dto) return undefined;
    const { amount, kind, priority, expiresAt } = dto;
    return {
      at: instantOf(at),
      do: 'credit-grant',
      amount,
      kind,
      ...(priority === undefined ? {} : { priority }),
      expiresAt: expiresAt === undefined ? null : instantOf(expiresAt),
    };
  },
  usage: (record, pointer, problems) => ({
    at: instantOf(record['at']),
    do: 'usage',
    events: recordsOf(record, 'events', problems, pointer).flatMap((event) => readEvent(event, problems)),
  }),
};

export const STEPS: readonly string[] = Object.keys(READERS);

const instantOf = (value: unknown): bigint => (typeof value === 'string' ? (tryInstant(value) ?? 0n) : 0n);

/** The steps in the order of the file; a step that cannot be read, or that there is not, is a problem. */
export function readSteps(steps: readonly Placed[], problems: Problems): Step[] {
  return steps.flatMap(({ record, pointer }) => {
    if (typeof record['at'] !== 'string' || tryInstant(record['at']) === undefined)
      problems.say(`${pointer}/at`, 'invalid_instant', 'Must be an RFC 3339 instant with offset, such as 2026-01-31T05:00:00Z.');
    const name = typeof record['do'] === 'string' ? record['do'] : '';
    const read = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
    if (!read) {
      problems.say(`${pointer}/do`, 'unknown_step', `There is no step "${name}". There are: ${STEPS.join(', ')}.`);
      return [];
    }
    return problems.attempt(pointer, () => read(record, pointer, problems)) ?? [];
  });
}

/** An event counts by its own time; its source is the simulation's where it names none. */
function readEvent({ record, pointer }: Placed, problems: Problems): MeterEvent[] {
  const { id, type, time, data = {}, source = 'simulation', sequence } = record;
  const at = typeof time === 'string' ? tryInstant(time) : undefined;
  if (at === undefined)
    problems.say(`${pointer}/time`, 'invalid_instant', 'Must be an RFC 3339 instant with offset, such as 2026-01-31T05:00:00Z.');
  if (!isRecord(data)) problems.say(`${pointer}/data`, 'not_an_object', 'Must be an object.');
  const [eventId, eventType, eventSource] = [
    nameAt(id, `${pointer}/id`, problems),
    nameAt(type, `${pointer}/type`, problems),
    nameAt(source, `${pointer}/source`, problems),
  ];
  if (at === undefined || !isRecord(data) || eventId === undefined || eventType === undefined || eventSource === undefined) return [];
  return [{ id: eventId, source: eventSource, type: eventType, time: at, data, ...(typeof sequence === 'string' ? { sequence } : {}) }];
}

function nameAt(value: unknown, pointer: string, problems: Problems): string | undefined {
  if (typeof value === 'string' && value !== '') return value;
  problems.say(pointer, 'missing', 'Must be a text that is not empty.');
  return undefined;
}
