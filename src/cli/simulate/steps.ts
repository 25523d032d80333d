import { OmitType } from '@nestjs/swagger';
import { tryInstant } from '../../domain/instant.js';
import type { MeterEvent } from '../../domain/metering/aggregate.js';
import type { Step } from '../../domain/simulation.js';
import { cancelCommand, changePlanInput, startInput } from '../../subscriptions/subscription-commands.js';
import { CancelSubscriptionDto, ChangePlanDto, StartSubscriptionDto } from '../../subscriptions/subscriptions.dto.js';
import { body, type Problems } from './bodies.js';
import { isRecord, type Placed, type Records, recordsOf } from './records.js';

/** A subscription here needs no account: the file has one. */
class SubscribeBody extends OmitType(StartSubscriptionDto, ['account'] as const) {}

type Reader = (record: Records, pointer: string, problems: Problems) => Step | undefined;

/** What a step may do. */
const READERS: Readonly<Record<string, Reader>> = {
  subscribe: ({ at, do: _do, as, ...rest }, pointer, problems) => {
    const dto = body(SubscribeBody, rest, pointer, problems);
    const name = nameAt(as, `${pointer}/as`, problems);
    if (!dto || name === undefined) return undefined;
    const { plan, planVersion, account: _account, ...command } = startInput({ ...dto, account: '' });
    return { at: instantOf(at), do: 'subscribe', as: name, plan, ...(planVersion === undefined ? {} : { planVersion }), command };
  },
  'change-plan': ({ at, do: _do, subscription, ...rest }, pointer, problems) => {
    const dto = body(ChangePlanDto, rest, pointer, problems);
    const name = nameAt(subscription, `${pointer}/subscription`, problems);
    if (!dto || name === undefined) return undefined;
    const { plan, planVersion, ...command } = changePlanInput(dto);
    return {
      at: instantOf(at),
      do: 'change-plan',
      subscription: name,
      plan,
      ...(planVersion === undefined ? {} : { planVersion }),
      command,
    };
  },
  cancel: ({ at, do: _do, subscription, ...rest }, pointer, problems) => {
    const dto = body(CancelSubscriptionDto, rest, pointer, problems);
    const name = nameAt(subscription, `${pointer}/subscription`, problems);
    return dto && name !== undefined ? { at: instantOf(at), do: 'cancel', subscription: name, command: cancelCommand(dto) } : undefined;
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
