import { Webhook } from 'standardwebhooks';
import type { FieldErrors } from '#domain/refusal.ts';
import type { EgressPolicy } from '#net/egress-policy.ts';
import { parseCallbackUrl } from '#net/callback-url.ts';
import { NOTIFICATION_EVENTS } from '#notify/events.ts';
import { parseSmtpUrl } from '#notify/smtp-url.ts';
import type { Destination } from './destination.ts';

/** A target as sent. In a change, what is absent stays; `null` takes away. */
export interface TargetInput {
  readonly name?: string | undefined;
  readonly kind?: 'webhook' | 'email' | undefined;
  readonly enabled?: boolean | undefined;
  readonly events?: readonly string[] | null | undefined;
  readonly url?: string | undefined;
  /** Signs webhooks; made here unless given. */
  readonly secret?: string | undefined;
  readonly to?: readonly string[] | undefined;
  readonly from?: string | null | undefined;
  readonly smtp_url?: string | null | undefined;
}

const NAME_CHARACTERS = 255;
const MOST_RECIPIENTS = 50;
/** RFC 5321 allows more than anybody has; what could make a header or a second recipient is none. */
const ADDRESS = /^[^\s@<>(),;:\\"[\]\p{Cc}]{1,64}@[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/iu;
/** 24 to 64 bytes, as Standard Webhooks asks for. */
const [LEAST_KEY_BYTES, MOST_KEY_BYTES] = [24, 64];

export type InputDeps = Pick<EgressPolicy, 'mayPermit' | 'permitsPlainHttp'>;

/** What is wrong with the fields by themselves; an empty object when nothing is. */
export function checkTarget(policy: InputDeps, kind: Destination['kind'], input: TargetInput): FieldErrors {
  const errors: Record<string, readonly string[]> = {};
  const name = input.name?.trim();
  if (name !== undefined && (name === '' || name.length > NAME_CHARACTERS || /\p{Cc}/u.test(name)))
    errors['name'] = [`Must have 1 to ${NAME_CHARACTERS} characters and no control characters.`];
  const unknown = (input.events ?? []).filter((event) => !(NOTIFICATION_EVENTS as readonly string[]).includes(event));
  if (unknown.length > 0) errors['events'] = [`Must be of: ${NOTIFICATION_EVENTS.join(', ')}.`];
  for (const field of kind === 'webhook' ? (['to', 'from', 'smtp_url'] as const) : (['url', 'secret'] as const))
    if (input[field] !== undefined) errors[field] = [`Does not go with a target of kind ${kind}.`];
  return { ...errors, ...(kind === 'webhook' ? checkWebhook(policy, input) : checkEmail(policy, input)) };
}

function checkWebhook(policy: InputDeps, { url, secret }: TargetInput): FieldErrors {
  const errors: Record<string, readonly string[]> = {};
  const parsed = url === undefined ? undefined : parseCallbackUrl(url, policy);
  if (parsed?.ok === false) errors['url'] = [parsed.error];
  if (secret !== undefined && !isKey(secret))
    errors['secret'] = [`Must be whsec_ and base64 of ${LEAST_KEY_BYTES} to ${MOST_KEY_BYTES} bytes.`];
  return errors;
}

function isKey(secret: string): boolean {
  const base64 = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1];
  if (base64 === undefined) return false;
  const bytes = Buffer.from(base64, 'base64').length;
  // What signs has to take it as well.
  return (
    bytes >= LEAST_KEY_BYTES && bytes <= MOST_KEY_BYTES && base64.length % 4 === 0 && new Webhook(secret).sign('id', new Date(0), '') !== ''
  );
}

function checkEmail(policy: InputDeps, { to, from, smtp_url: smtpUrl }: TargetInput): FieldErrors {
  const errors: Record<string, readonly string[]> = {};
  if (to !== undefined && (to.length === 0 || to.length > MOST_RECIPIENTS || !to.every((address) => ADDRESS.test(address))))
    errors['to'] = [`Must be 1 to ${MOST_RECIPIENTS} addresses, such as team@example.com.`];
  if (typeof from === 'string' && !ADDRESS.test(from)) errors['from'] = ['Must be one address, such as tributary@example.com.'];
  const server = typeof smtpUrl === 'string' ? parseSmtpUrl(smtpUrl) : undefined;
  if (server?.ok === false) errors['smtp_url'] = [server.error];
  if (server?.ok === true && !policy.mayPermit(server.value))
    errors['smtp_url'] = [
      `${server.value.host}:${server.value.port} may not be reached from here. An operator can allow it in TRIBUTARY_ALLOWED_HOSTS.`,
    ];
  return errors;
}
