interface Range {
  readonly type: string;
  readonly quality: number;
}

/**
 * Which of the offered media types an Accept header (RFC 9110) asks for most; the first where it asks for none of them, or for several alike.
 * The more exact of the ranges that a type falls into counts.
 */
export function preferredType<Type extends string>(accept: string | undefined, offered: readonly [Type, ...Type[]]): Type {
  const ranges = (accept ?? '*/*').split(',').map(rangeOf);
  let [best] = offered;
  for (const type of offered) if (qualityOf(type, ranges) > qualityOf(best, ranges)) best = type;
  return best;
}

function rangeOf(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const given = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  const quality = given === undefined ? 1 : Number(given);
  return { type, quality: Number.isFinite(quality) ? quality : 0 };
}

function qualityOf(type: string, ranges: readonly Range[]): number {
  const [main = ''] = type.split('/');
  for (const wanted of [type, `${main}/*`, '*/*']) {
    const range = ranges.find((one) => one.type === wanted);
    if (range) return range.quality;
  }
  return 0;
}
