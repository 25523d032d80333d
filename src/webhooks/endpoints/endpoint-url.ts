import { refuseAll } from '../../domain/refusal.js';
import { isPublicAddress, literalAddress } from '../deliveries/allowed-address.js';

/**
 * Refuses what no delivery could go to, as far as the address itself tells. What its name means is looked at by each delivery.
 * @throws Refusal `invalid_request`
 */
export function refuseBadUrl(text: string, allowPrivate: boolean): void {
  const detail = problemOf(text, allowPrivate);
  if (detail !== undefined) refuseAll([{ pointer: '/url', code: 'invalid_url', detail }]);
}

function problemOf(text: string, allowPrivate: boolean): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const schemes = allowPrivate ? ['https:', 'http:'] : ['https:'];
  if (!url || !schemes.includes(url.protocol)) return 'url must be an absolute https address';
  if (url.username !== '' || url.password !== '') return 'url must not hold a user or a password: deliveries are signed';
  if (url.hash !== '') return 'url must have no fragment';
  const literal = literalAddress(url);
  if (!allowPrivate && literal !== undefined && !isPublicAddress(literal)) return `url must name a public address: ${literal} is none`;
  return undefined;
}
