/** The object without the fields that are `undefined` or `null`: both mean "left out" where a field is optional. */
export function withoutAbsent<T extends object>(value: T): { [K in keyof T]: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined && item !== null)) as {
    [K in keyof T]: NonNullable<T[K]>;
  };
}
