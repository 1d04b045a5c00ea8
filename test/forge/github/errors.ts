import type { Answer } from '#test/forge/http/exchange.ts';

export const DOCS = 'https://docs.github.com/rest';

export interface FieldError {
  readonly resource: string;
  readonly code: string;
  readonly field?: string;
  readonly message?: string;
}

export function errorAnswer(status: number, message: string, extra: Readonly<Record<string, unknown>> = {}): Answer {
  return { status, body: { message, ...extra, documentation_url: DOCS, status: String(status) } };
}

export const badCredentials = (): Answer => errorAnswer(401, 'Bad credentials');
export const notFound = (): Answer => errorAnswer(404, 'Not Found');

/** `errors` is a list of fields, or, as for statuses, one sentence. A reader must bear both. */
export function invalid(errors: readonly FieldError[] | string): Answer {
  return errorAnswer(422, 'Validation Failed', { errors });
}

export function noCommit(sha: string): Answer {
  return errorAnswer(422, `No commit found for SHA: ${sha}`);
}
