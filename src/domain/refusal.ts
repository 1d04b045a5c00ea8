/**
 * Every way the interfaces say no, with its HTTP status and what to do. Codes are stable: clients branch on them.
 * Failures of runs have their own table (failure-codes.ts).
 */
export const REFUSALS = {
  REQUEST_INVALID: { status: 400, help: 'Mend the fields that are named and send the request again.' },
  BULK_NOT_SUPPORTED: { status: 400, help: 'Send one request for each object.' },
  AUTH_REVOKED: {
    status: 400,
    help: 'Nothing was saved. Create a new token at the provider and copy it whole, and see that the url is that of its server.',
  },
  AUTH_EXPIRED: { status: 400, help: 'Nothing was saved. Create a new token at the provider.' },
  UNAUTHENTICATED: { status: 401, help: 'Send an API token: "Authorization: Token <token>".' },
  FORBIDDEN: { status: 403, help: 'Ask an owner or admin of the organization for a role that may do this.' },
  NOT_FOUND: { status: 404, help: 'Check the id; objects of other organizations are not visible.' },
  METHOD_NOT_ALLOWED: { status: 405, help: 'The Allow header lists what this address takes.' },
  IN_USE: { status: 409, help: 'Change what uses it first, or send the request again with ?force=true.' },
  ROTATION_RUNNING: { status: 409, help: 'Send the request again in a minute; GET …/rotate/ says how far it is.' },
  ROTATION_UNKNOWN: {
    status: 409,
    help: 'Look at the token at the provider. Create a new one there and replace the stored one; or, if the old one is still shown as active, verify it here. Do not rotate it again.',
  },
  ROTATION_FAILED: {
    status: 422,
    help: 'The token works as before. Mend what the message names and try again, or replace it step by step with {"guided": true}.',
  },
  ROTATION_LOSES: { status: 409, help: 'Give the new token what it lacks; or send it again with "accept_losses": true.' },
  RUN_ENDED: { status: 409, help: 'Nothing is left to end. Ask for a sync where another result is wanted.' },
  OWNED_BY_REPOSITORY: { status: 409, help: 'Change the file in the repository that owns the object and push.' },
  BODY_TOO_LARGE: { status: 413, help: 'Send a smaller body.' },
  MEDIA_TYPE: { status: 415, help: 'Send JSON with "Content-Type: application/json".' },
  FIELD_UNKNOWN: { status: 422, help: 'Remove the fields that are named: they do not exist, or only the service sets them.' },
  NOT_SUPPORTED: { status: 422, help: 'See what the message says this version can do instead.' },
  PROVIDER_SAYS_NO: {
    status: 502,
    help: 'The message says what the provider answered, or that it did not; reason is the code of that failure.',
  },
  INTERNAL: { status: 500, help: 'Send the request id to the people who run this service; its log has the details.' },
  UNAVAILABLE: { status: 503, help: 'Send the request again in a moment.' },
} as const satisfies Record<string, { readonly status: number; readonly help: string }>;

export type RefusalCode = keyof typeof REFUSALS;
export type FieldErrors = Readonly<Record<string, readonly string[]>>;

/** An expected no to somebody's request. */
export interface Refusal {
  readonly code: RefusalCode;
  /** In words that the person who asked can act on. */
  readonly detail: string;
  /** What is wrong with which field as the caller named it. */
  readonly fields?: FieldErrors | undefined;
  /** More members of the answer, such as what is in the way. */
  readonly data?: Readonly<Record<string, unknown>> | undefined;
}

export function refuse(code: RefusalCode, detail: string, data?: Readonly<Record<string, unknown>>): Refusal {
  return { code, detail, data };
}

/** A refusal that is nothing but wrong fields. */
export function refuseFields(fields: FieldErrors): Refusal {
  const [first] = Object.entries(fields);
  return {
    code: 'REQUEST_INVALID',
    detail: first === undefined ? 'The request is not valid.' : `${first[0]}: ${first[1].join(' ')}`,
    fields,
  };
}

export function notFound(what: string): Refusal {
  return refuse('NOT_FOUND', `There is no such ${what}.`);
}
