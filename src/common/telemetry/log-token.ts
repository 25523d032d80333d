/** The application's logger, for injection. */
export const LOG = Symbol('LOG');
