/** What is needed of an event to tell what it is about. */
export interface ToldEvent {
  /** `thing.verb`. */
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * The thing that an event tells of: what its data has under the name of the thing (`credit_note.issued` -> `creditNote`), else its case (of dunning),
 * else its account, else the thing's kind.
 */
export function subjectOf({ type, data }: ToldEvent): string {
  const thing = type.split('.')[0] ?? type;
  const named = data[thing.replace(/_(\w)/g, (_match, letter: string) => letter.toUpperCase())] ?? data['case'] ?? data['account'];
  return typeof named === 'string' ? named : thing;
}
