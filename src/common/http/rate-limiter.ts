import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CONFIG, type Config } from '../../config.js';

/** Too many requests of one key; answered as 429. */
export class RateLimited extends Error {
  readonly statusCode = 429;
  readonly code = 'rate_limited';
}

interface Bucket {
  tokens: number;
  at: number;
}

const KEYS_MAX = 10_000;

/** A token bucket for each key: a second's worth may be used at once. */
@Injectable()
export class RateLimiter {
  private readonly buckets = new Map<string, Bucket>();

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /** Takes one request from the key's bucket and tells the caller what is left. */
  take(key: string, reply: FastifyReply): void {
    const perSecond = this.config.rateLimit;
    if (perSecond === 0) return;
    const at = performance.now() / 1000; // monotonic: how fast requests come is no business time
    const bucket = this.buckets.get(key) ?? { tokens: perSecond, at };
    bucket.tokens = Math.min(perSecond, bucket.tokens + (at - bucket.at) * perSecond);
    bucket.at = at;
    if (this.buckets.size >= KEYS_MAX) this.buckets.clear();
    this.buckets.set(key, bucket);
    const allowed = bucket.tokens >= 1;
    if (allowed) bucket.tokens -= 1;
    void reply.header('ratelimit-policy', `"default";q=${String(perSecond)};w=1`);
    void reply.header('ratelimit', `"default";r=${String(Math.floor(bucket.tokens))};t=1`);
    if (allowed) return;
    void reply.header('retry-after', '1');
    throw new RateLimited(`A key may send ${String(perSecond)} requests a second: wait a second, and send fewer at once.`);
  }
}
