import { AsyncLocalStorage } from 'node:async_hooks';

const requests = new AsyncLocalStorage<string>();

/** Runs what a request does under its id. */
export const withRequestId = (id: string, work: () => void): void => {
  requests.run(id, work);
};

/** The request that is being answered, if any. */
export const currentRequestId = (): string | undefined => requests.getStore();
