import type { Answer } from '#test/forge/http/exchange.ts';

/** GitLab has two bodies: `message` of its own, and `error` of the framework that checks parameters. */
export function refusal(status: number, message: unknown): Answer {
  return { status, body: { message } };
}

export function parameterError(error: string, status = 400): Answer {
  return { status, body: { error } };
}

export const unauthorized = (): Answer => refusal(401, '401 Unauthorized');
export const forbidden = (): Answer => refusal(403, '403 Forbidden');
export const notFound = (what?: string): Answer => refusal(404, what === undefined ? '404 Not found' : `404 ${what} Not Found`);
export const noRoute = (): Answer => parameterError('404 Not Found', 404);

export function invalidToken(description: string): Answer {
  return { status: 401, body: { error: 'invalid_token', error_description: description } };
}

export function insufficientScope(accepted: readonly string[]): Answer {
  return {
    status: 403,
    body: {
      error: 'insufficient_scope',
      error_description: 'The request requires higher privileges than provided by the access token.',
      scope: accepted.join(' '),
    },
  };
}
