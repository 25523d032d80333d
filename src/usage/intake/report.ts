import type { EventResultDto, ReportDto } from '../usage.dto.js';
import { eventIdOf } from '../find-event.js';
import type { EventResult } from './intake.js';

/** Results that one answer holds at the most: those of a batch always fit. */
const RESULTS_MAX = 10_000;

const COUNT_OF = { accepted: 'accepted', duplicate: 'duplicates', conflict: 'conflicts', rejected: 'rejected' } as const;

/** Where results stand in what was sent. */
interface Placed {
  readonly first: number;
  readonly lines?: readonly number[];
}

/** Results of one part after the other as one answer. */
export class Report {
  readonly dto: ReportDto = { accepted: 0, duplicates: 0, conflicts: 0, rejected: 0, results: [] };

  constructor(private readonly verbose: boolean) {}

  add(results: readonly EventResult[], { first, lines }: Placed = { first: 0 }): this {
    for (const result of results) {
      this.dto[COUNT_OF[result.status]] += 1;
      if (this.verbose || result.status !== 'accepted') this.list(result, first, lines?.[result.index]);
    }
    return this;
  }

  private list(result: EventResult, first: number, line: number | undefined): void {
    if (this.dto.results.length >= RESULTS_MAX) {
      this.dto.truncated = true;
      return;
    }
    const { named, ...rest } = result;
    const shown = this.verbose && named ? { eventId: eventIdOf(named) } : {};
    const placed: EventResultDto = { ...rest, index: first + result.index, ...shown };
    this.dto.results.push(line === undefined ? placed : { ...placed, line });
  }
}
