import { hash } from 'node:crypto';
import { contentOf, type UsageEvent } from '../domain/metering/event.js';

/** What an event is known by within its account. */
export const identOf = ({ source, id }: Pick<UsageEvent, 'source' | 'id'>): string => shortHash(`${source}\0${id}`);

/** Equal for events that say the same. */
export const contentHashOf = (event: UsageEvent): string => shortHash(contentOf(event));

/** 16 bytes of SHA-256, in the form that PostgreSQL's uuid has. */
function shortHash(text: string): string {
  const hex = hash('sha256', text, 'hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}
