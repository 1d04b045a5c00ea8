import type { z } from 'zod';
import type { RepositoryEvent } from '#domain/event.ts';
import type { Result } from '#domain/result.ts';
import { err, ok } from '#domain/result.ts';
import type { PayloadProblem } from './contract.ts';

export type ParsedPayload = Result<readonly RepositoryEvent[], PayloadProblem>;

/** One event from a payload of the documented shape; a problem names the first field that is not as `documentedBy` (the provider's name) says. */
export function readPayload<T>(
  documentedBy: string,
  schema: z.ZodType<T>,
  payload: unknown,
  toEvent: (value: T) => RepositoryEvent,
): ParsedPayload {
  return readPayloads(documentedBy, schema, payload, (value) => [toEvent(value)]);
}

/** The same of a payload that tells of several things at once. */
export function readPayloads<T>(
  documentedBy: string,
  schema: z.ZodType<T>,
  payload: unknown,
  toEvents: (value: T) => readonly RepositoryEvent[],
): ParsedPayload {
  const parsed = schema.safeParse(payload);
  if (parsed.success) return ok(toEvents(parsed.data));
  const [issue] = parsed.error.issues;
  return problem(`${issue?.path.join('.') || 'the payload'}: ${issue?.message ?? `is not what ${documentedBy} documents`}`);
}

/** The JSON of a body as received; anything else than JSON in UTF-8 is a problem. */
export function readJson(body: Uint8Array): Result<unknown, PayloadProblem> {
  try {
    return ok(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)));
  } catch {
    return problem('the body is not JSON in UTF-8');
  }
}

/** The commit that stands for none: all zeros, in as many digits as the repository's ids have. */
export function isNothing(commit: string): boolean {
  return /^0+$/.test(commit);
}

export function ignored(reason: string): RepositoryEvent {
  return { kind: 'ignored', reason };
}

export function problem(message: string): Result<never, PayloadProblem> {
  return err({ kind: 'unparseable', message });
}
