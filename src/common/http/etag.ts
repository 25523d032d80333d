/** The strong entity tag of a resource's version. */
export const etagOf = (version: number | bigint | string): string => `"${String(version)}"`;
