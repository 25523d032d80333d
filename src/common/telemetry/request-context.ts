import { AsyncLocalStorage } from 'node:async_hooks';

/** What all that a request does has in common. */
export interface RequestContext {
  readonly id: string;
  /** Why, where the caller said so for everything that the request changes. */
  readonly reason?: string;
}

const requests = new AsyncLocalStorage<RequestContext>();

/** Runs what a request does in its context. */
export const inContext = (context: RequestContext, work: () => void): void => {
  requests.run(context, work);
};

/** The request that is being answered, if any. */
export const currentRequestId = (): string | undefined => requests.getStore()?.id;

/** Why it changes what it changes, if the caller said so. */
export const currentReason = (): string | undefined => requests.getStore()?.reason;
