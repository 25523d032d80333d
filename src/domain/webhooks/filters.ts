/** Sent to the endpoint that it is asked for, and to no other. */
export const PING = 'webhook_endpoint.ping';

/** All events, all of one kind of thing, or one type of event. */
const FORM = /^(\*|[a-z_]+\.(\*|[a-z_]+))$/;

/** Whether a filter (`*`, `invoice.*`, `invoice.sent`) lets events of a type through. */
function lets(filter: string, type: string): boolean {
  return filter === '*' || filter === type || (filter.endsWith('.*') && type.startsWith(filter.slice(0, -1)));
}

/** Whether an endpoint with these filters hears of events of a type. */
export const hears = (filters: readonly string[], type: string): boolean => type !== PING && filters.some((filter) => lets(filter, type));

/** Whether a text is a filter that lets at least one of the types through: a filter that never does is a mistake. */
export const isFilter = (text: string, types: readonly string[]): boolean => FORM.test(text) && types.some((type) => hears([text], type));
