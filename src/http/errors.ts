import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { SearchError } from '#db/filter.ts';
import { isFailure, toFailure } from '#domain/failure.ts';
import type { Links } from '#domain/links.ts';
import type { Redactor } from '#domain/redact.ts';
import { REFUSALS, refuse, refuseFields } from '#domain/refusal.ts';
import type { FieldErrors, Refusal, RefusalCode } from '#domain/refusal.ts';

/** A refusal on its way to the error handler: the one place where an answer that says no is made. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.detail);
    this.refusal = refusal;
  }
}

const RETRY_AFTER_S = 5;

export function sendRefusal(links: Links, request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
  const { code, detail, fields, data } = refusal;
  const { status, help } = REFUSALS[code];
  if (status === 503) void reply.header('retry-after', String(RETRY_AFTER_S));
  // Fields last for their reader, first for their right: one that is called `code` does not take the code's place.
  const answer = { code, detail, help: links.help(code), fix: help, request_id: request.id };
  return reply.code(status).send({ ...answer, ...data, ...fields, ...answer });
}

/** Every error that a route throws. What nobody foresaw says nothing of itself but its request id; the log has the rest. */
export function createErrorHandler(links: Links, redact: Redactor) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    if (error instanceof RefusedError) return sendRefusal(links, request, reply, error.refusal);
    if (hasZodFastifySchemaValidationErrors(error)) return sendRefusal(links, request, reply, fieldRefusal(error.validation));
    const code = BY_FASTIFY_CODE[error.code];
    if (code !== undefined) return sendRefusal(links, request, reply, refuse(code, error.message));
    if (error instanceof SearchError) return sendRefusal(links, request, reply, refuseFields({ non_field_errors: [error.message] }));
    // It was there when the route looked, and somebody deleted it before the route was done: the same as coming a moment later.
    if (isFailure(error) && error.code === 'REPOSITORY_GONE') return sendRefusal(links, request, reply, refuse('NOT_FOUND', error.message));
    if (isFailure(error)) {
      request.log.info({ err: error.cause ?? error, code: error.code }, 'a request failed');
      return reply.code(502).send({
        code: error.code,
        detail: redact(error.message),
        help: links.help(error.code),
        fix: redact(error.help),
        request_id: request.id,
      });
    }
    const own = toFailure(error);
    if (own.code !== 'INTERNAL') {
      request.log[own.code === 'DATABASE_CONFLICT' ? 'warn' : 'error']({ err: error, code: own.code }, 'a request was not carried out');
      return sendRefusal(links, request, reply, refuse('UNAVAILABLE', own.message));
    }
    if (error.statusCode !== undefined && error.statusCode < 500)
      return sendRefusal(links, request, reply, refuse('REQUEST_INVALID', error.message));
    request.log.error({ err: error }, 'a request failed unexpectedly');
    return sendRefusal(links, request, reply, refuse('INTERNAL', 'Something failed inside the service.'));
  };
}

const BY_FASTIFY_CODE: Readonly<Record<string, RefusalCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'MEDIA_TYPE',
  FST_ERR_CTP_INVALID_JSON_BODY: 'REQUEST_INVALID',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'REQUEST_INVALID',
};

interface Issue {
  readonly instancePath: string;
  readonly message?: string | undefined;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly keyword?: string;
}

function fieldRefusal(issues: readonly Issue[]): Refusal {
  const unknown = issues.flatMap((issue) => unknownKeys(issue));
  if (unknown.length > 0) {
    const fields: FieldErrors = Object.fromEntries(
      unknown.map((key) => [key, ['This field does not exist, or is set by the service only.']]),
    );
    return { code: 'FIELD_UNKNOWN', detail: `Unknown fields: ${unknown.join(', ')}.`, fields };
  }
  const fields: Record<string, string[]> = {};
  for (const { instancePath, message = 'is not valid' } of issues) {
    const field = instancePath.split('/')[1] ?? '';
    (fields[field === '' ? 'non_field_errors' : field] ??= []).push(message);
  }
  const [first] = Object.entries(fields);
  return {
    code: 'REQUEST_INVALID',
    detail: first === undefined ? 'The request is not valid.' : `${first[0]}: ${first[1].join(' ')}`,
    fields,
  };
}

function unknownKeys({ keyword, params }: Issue): readonly string[] {
  const keys = keyword === 'unrecognized_keys' ? params?.['keys'] : undefined;
  return Array.isArray(keys) ? keys.map(String) : [];
}
