import pg from 'pg';

/** A part of a sequence: behind a position, up to and with another. */
export interface Stretch {
  readonly sequence: string;
  readonly after: bigint;
  readonly through: bigint;
}

/** SQL for whether a position, and its sequence where there are several, lies in one of these. */
export const liesInSql = (stretches: readonly Stretch[], position: string, sequence?: string): string =>
  stretches
    .map((stretch) => {
      const own = sequence === undefined ? '' : `${sequence} = ${pg.escapeLiteral(stretch.sequence)} and `;
      return `(${own}${position} > ${stretch.after.toString()} and ${position} <= ${stretch.through.toString()})`;
    })
    .join(' or ');

/**
 * Numbers that rows get in the order in which they are committed, in one sequence or in several. Whoever reads how far a sequence goes has all
 * rows up to there, for ever: what is committed later has a higher number.
 */
export interface Recorded {
  /** A statement without which it would not be so, to be run first in the transaction that reads how far the sequences go. */
  readonly first?: string;
  /** Rows are numbered a moment after they were committed, by sealing: what waits for it is sealed before. */
  readonly sealed?: true;
  /** SQL for `sequence` and `position`: how far each goes. */
  readonly reached: string;
  /** SQL for what lies at a position of `s (sequence, position)`, to know it again; null where nothing does. */
  readonly mark: string;
  /** SQL for whether a row of the dataset lies in one of these. */
  readonly within: (stretches: readonly Stretch[]) => string;
}
