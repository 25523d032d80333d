import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { answerProblem } from './problem.js';

/** Answers a request, with what it returns or by itself. */
export type DirectHandler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/**
 * Routes that are asked too often for Nest's pipeline, which costs more than all their work. A controller declares them as any other, so
 * that they are documented, and gives their handlers here: no guard, pipe or filter runs for them. They authenticate by `HotReads`.
 */
@Injectable()
export class DirectRoutes {
  private readonly handlers = new Map<string, DirectHandler>();

  /** Answers GET requests of the route's pattern; to be called before routes are registered. */
  answer(pattern: string, handler: DirectHandler): void {
    this.handlers.set(pattern, handler);
  }

  /** Puts the handlers in the places of Nest's, when it registers their routes. */
  install(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', (route) => {
      const handler = route.method === 'GET' ? this.handlers.get(route.url) : undefined;
      if (handler) route.handler = (request, reply) => answered(handler, request, reply);
    });
  }
}

async function answered(handler: DirectHandler, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  try {
    return await handler(request, reply);
  } catch (error) {
    answerProblem(error, request, reply);
    return reply;
  }
}
