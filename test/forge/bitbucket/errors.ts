import type { Answer } from '#test/forge/http/exchange.ts';

/** The one envelope that Bitbucket says errors in (PROVIDERS.md 1.3). */
export function refusal(status: number, message: string, more: Readonly<Record<string, unknown>> = {}): Answer {
  return { status, body: { type: 'error', error: { message, ...more } } };
}

export const HIDDEN =
  'You may not have access to this repository or it no longer exists in this workspace. ' +
  'If you think this repository exists and you have access, make sure you are authenticated.';
export const LACKS = 'Your credentials lack one or more required privilege scopes.';

export const unauthorized = (): Answer => refusal(401, 'Token is invalid, expired, or not supported for this endpoint.');
export const hidden = (): Answer => refusal(404, HIDDEN);
export const notFound = (what: string): Answer => refusal(404, `${what} not found`);
export const noRoute = (): Answer => refusal(404, 'Resource not found', { detail: 'There is no API hosted at this URL.' });
export const gone = (): Answer => refusal(410, 'CHANGE-2770 - Functionality has been deprecated');
export const noAdmin = (): Answer => refusal(403, 'Your credentials lack the required permission on this repository.');

export function lacksScope(required: readonly string[], granted: readonly string[]): Answer {
  return refusal(403, LACKS, { detail: { required, granted } });
}

/** The first problem is the message; all are told by their field. */
export function badFields(fields: Readonly<Record<string, readonly string[]>>): Answer {
  const [first] = Object.entries(fields);
  return refusal(400, `${first?.[0] ?? ''}: ${first?.[1][0] ?? ''}`, { fields });
}
