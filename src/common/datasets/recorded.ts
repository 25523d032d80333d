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
  /** SQL for the sequence of a row of the dataset. */
  readonly sequence: string;
  /** SQL for its number there. */
  readonly position: string;
}
