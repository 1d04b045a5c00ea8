import type { FastifyBaseLogger, FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Result } from '#domain/result.ts';
import type { Refusal } from '#domain/refusal.ts';
import { refuse } from '#domain/refusal.ts';
import { RefusedError } from '#http/errors.ts';

/** A scope whose schemas are zod's: one declaration is validation, type and OpenAPI. */
export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

export const idParams = z.object({ id: z.string() });
export const listQuery = z.looseObject({
  limit: z.string().optional().describe('Objects on a page, at most 1,000; 50 unless said.'),
  offset: z.string().optional().describe('Objects to pass over.'),
  q: z.string().optional().describe('Text to search for.'),
});

/** An id of the path; what cannot be one names nothing. */
export function requireId(id: string, what: string): string {
  if (!UUID.test(id)) throw new RefusedError(refuse('NOT_FOUND', `There is no such ${what}.`));
  return id.toLowerCase();
}

/** The value, or the refusal as the answer. */
export function unwrap<T>(result: Result<T, Refusal>): T {
  if (!result.ok) throw new RefusedError(result.error);
  return result.value;
}

export function requireFound<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new RefusedError(refuse('NOT_FOUND', `There is no such ${what}.`));
  return value;
}
