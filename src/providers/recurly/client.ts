import type { Client } from 'recurly';
import type { Config } from '../../config.js';

type Request = [method: string, url: string, headers: Record<string, string>, body: string | null];

/** What the SDK has for this, and its types do not name. */
interface WithAdapter {
  readonly DefaultHttpAdapter: new (options: { readonly timeout: number }) => { execute(...request: Request): Promise<unknown> };
  readonly Client: new (apiKey: string, options: object) => Client;
}

/** Made when it is first needed: the SDK is large. Its requests go through an adapter that keeps the time, and in tests goes elsewhere. */
export async function recurlyClient({ recurlyApiKey, recurlyRegion, recurlyApiBase, providerTimeoutMs }: Config): Promise<Client> {
  if (recurlyApiKey === undefined) throw new RangeError('there is no key for Recurly');
  const recurly = (await import('recurly')).default as unknown as WithAdapter;
  class Adapter extends recurly.DefaultHttpAdapter {
    override execute(...[method, url, ...rest]: Request): Promise<unknown> {
      const { pathname, search } = new URL(url);
      return super.execute(method, recurlyApiBase === undefined ? url : `${recurlyApiBase}${pathname}${search}`, ...rest);
    }
  }
  return new recurly.Client(recurlyApiKey, { region: recurlyRegion, httpAdapter: new Adapter({ timeout: providerTimeoutMs }) });
}
