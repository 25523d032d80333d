import { lookup as resolve, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** An address to which nothing is sent: one that is not of the public internet. */
export class AddressRefused extends Error {
  constructor(address: string) {
    super(`${address} is not a public address`);
    this.name = 'AddressRefused';
  }
}

const [GLOBAL_UNICAST, GLOBAL_UNICAST_BITS] = ['2000::', 3] as const;

/**
 * Whether an address belongs to the public internet (the special-purpose registries of IANA, RFC 6890): not loopback, private, link-local (where clouds
 * keep their metadata), shared (CGNAT), multicast, reserved or documentation; of IPv6 only what is assigned (2000::/3), and nothing that wraps an IPv4 address.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== 'unicast') return false;
  return address.kind() === 'ipv4' || address.match(ipaddr.parse(GLOBAL_UNICAST), GLOBAL_UNICAST_BITS);
}

/** The address that stands in the URL itself, which is never looked up. */
export function literalAddress({ hostname }: URL): string | undefined {
  const host = hostname.replace(/^\[|\]$/g, '');
  return isIP(host) === 0 ? undefined : host;
}

/** @throws AddressRefused */
export function refuseLiteral(url: URL): void {
  const literal = literalAddress(url);
  if (literal !== undefined && !isPublicAddress(literal)) throw new AddressRefused(literal);
}

/**
 * Looks a host up for a connection, and refuses it where any of its addresses is not public. The connection is made to an address of this answer: the name
 * is not asked for again, so that it cannot mean another address by then.
 */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    const refused = error ?? refusedOf(addresses);
    const [first] = addresses;
    if (refused || !first) callback(refused ?? new AddressRefused(hostname), '');
    else if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

function refusedOf(addresses: readonly LookupAddress[]): AddressRefused | undefined {
  const refused = addresses.find(({ address }) => !isPublicAddress(address));
  return refused && new AddressRefused(refused.address);
}
