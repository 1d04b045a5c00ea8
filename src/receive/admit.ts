import { createHash } from 'node:crypto';
import { v7 as newId } from 'uuid';
import type { Admission, NewDelivery } from '#inbox/store.ts';
import type { Headers, HookSecrets, WebhookReader } from '#providers/contract.ts';
import { reached } from '#steps/reached.ts';

/** The hook that a URL names, with every secret that is valid for it now. */
export interface HookForVerification {
  readonly organizationId: string;
  readonly provider: string;
  readonly secrets: HookSecrets;
}

export interface AdmitDeps {
  readonly findReader: (provider: string) => WebhookReader | undefined;
  readonly findHook: (hookId: string) => Promise<HookForVerification | undefined>;
  readonly store: (delivery: NewDelivery) => Promise<Admission>;
}

export type AdmitOutcome = Admission | { readonly status: 'unauthorized' };

/** Checked against when the hook is unknown, so that an unknown hook costs and answers what a bad signature does (SECURITY T35). */
const NO_SECRETS: HookSecrets = [{ kind: 'hmac', secret: 'no hook has this secret, nothing signed with it is stored' }];

/**
 * Verifies a delivery over the bytes as received and stores it. Nothing is parsed: what it means is found out after it is safe.
 * Throws only when it could not be stored, in which case the sender must be told so.
 */
export async function admit(
  deps: AdmitDeps,
  request: { readonly provider: string; readonly hookId: string; readonly headers: Headers; readonly body: Uint8Array; readonly now: Date },
): Promise<AdmitOutcome> {
  const reader = deps.findReader(request.provider);
  const hook = isUuid(request.hookId) ? await deps.findHook(request.hookId) : undefined;
  const known = hook !== undefined && hook.provider === request.provider;
  if (reader === undefined) return { status: 'unauthorized' };
  const body = reader.verify(request.body, request.headers, known ? hook.secrets : NO_SECRETS, request.now);
  if (!body.ok || !known) return { status: 'unauthorized' };
  const identity = reader.identify(request.headers);
  const bodyHash = createHash('sha256').update(body.value).digest();
  reached('receive.verified');
  const admission = await deps.store({
    id: newId(),
    organizationId: hook.organizationId,
    hookId: request.hookId,
    provider: reader.id,
    // A signed delivery without its own key is still a delivery: its bytes stand in for the key.
    key: identity.ok ? identity.value.key : `sha256:${bodyHash.toString('hex')}`,
    event: identity.ok ? identity.value.event : 'unknown',
    headers: keep(request.headers, reader.storedHeaders),
    body: body.value,
    bodyHash,
  });
  reached('receive.stored');
  return admission;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** PostgreSQL stores no NUL in text; a header that holds one is none of a provider's. */
function keep(headers: Headers, names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value.replaceAll('\0', '').slice(0, 1_000)]] : [];
    }),
  );
}
