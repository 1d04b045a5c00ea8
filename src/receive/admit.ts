import { hash } from 'node:crypto';
import { v7 as newId } from 'uuid';
import type { Admission, NewDelivery } from '#inbox/store-deliveries.ts';
import type { Tracing } from '#domain/trace.ts';
import { traced } from '#domain/trace.ts';
import type { Headers, HookSecretKind, VerifiedBody, WebhookReader } from '#providers/contract.ts';
import { reached } from '#steps/reached.ts';
import type { KnownHook, KnownHooks } from './known-hooks.ts';

export interface AdmitDeps {
  readonly findReader: (provider: string) => WebhookReader | undefined;
  readonly hooks: KnownHooks;
  /** Demands this kind of secret of the hook's deliveries from now on, unless one is demanded already. */
  readonly tighten: (hookId: string, kind: HookSecretKind) => Promise<void>;
  /** Ends the overlap of a rotation: the secret before this one is not taken any more. */
  readonly retire: (hook: Pick<KnownHook, 'id' | 'sealedSecret'>) => Promise<void>;
  /** Told of a delivery to a hook that is known, whose signature is wrong. */
  readonly refused: (hookId: string) => void;
  readonly store: (delivery: NewDelivery) => Promise<Admission>;
  readonly tracing: Tracing;
}

export interface DeliveryRequest {
  readonly provider: string;
  readonly hookId: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
  readonly now: Date;
}

type Attempt = Admission | { readonly status: 'unauthorized' };
export type AdmitOutcome = Exclude<Attempt, { readonly status: 'outdated' }>;

/** Checked against when the hook is unknown, so that an unknown hook costs and answers what a bad signature does (SECURITY T35). */
const NO_KEY = 'no hook has this key, nothing signed with it is stored';
/** Secrets that change between look-up and INSERT are looked up again; so often in a row is a fault of ours. */
const MOST_LOOKUPS = 3;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * Verifies a delivery over the bytes as received and stores it. Nothing is parsed: what it means is found out after it is safe.
 * A remembered hook may be out of date. It is stored for only while the database agrees, and refused for only after asking it: one
 * look-up and one signature, as for a hook that does not exist. Throws only when the delivery could not be stored, in which case the
 * sender must be told so.
 */
export async function admit(deps: AdmitDeps, request: DeliveryRequest): Promise<AdmitOutcome> {
  let hook = deps.hooks.recall(request.hookId);
  let tried = hook === undefined ? undefined : await attempt(deps, request, hook);
  for (let lookup = 0; lookup < MOST_LOOKUPS; lookup++) {
    if (tried !== undefined && (tried.status === 'accepted' || tried.status === 'duplicate')) return tried;
    const current = UUID.test(request.hookId) ? await deps.hooks.look(request.hookId) : undefined;
    // Refused for what is still right: nothing else would come of it.
    const isSettled = current !== undefined && current === hook && tried?.status === 'unauthorized';
    hook = current;
    if (!isSettled) tried = await attempt(deps, request, hook);
    if (tried?.status === 'unauthorized' && hook?.provider === request.provider) deps.refused(hook.id);
    if (tried !== undefined && tried.status !== 'outdated') return tried;
  }
  throw new Error('the secrets of the hook kept changing');
}

async function attempt(deps: AdmitDeps, request: DeliveryRequest, hook: KnownHook | undefined): Promise<Attempt> {
  const reader = deps.findReader(request.provider);
  if (reader === undefined) return { status: 'unauthorized' };
  const known = hook !== undefined && hook.provider === request.provider;
  // Judged by the database's time, which all processes share: a clock of ours that is wrong must not turn away every delivery.
  const now = new Date(request.now.getTime() + (known ? hook.clockAheadMs : 0));
  const verified = reader.verify(request.body, request.headers, known ? hook.secrets : reader.secretsOf(NO_KEY), now);
  if (!verified.ok || !known) return { status: 'unauthorized' };
  const { body, by } = verified.value;
  // From the first signature on nobody gets in with less, this delivery included.
  if (by === hook.tightenTo) {
    await deps.tighten(hook.id, by);
    return { status: 'outdated' };
  }
  // Who holds the new secret has been told it everywhere: from then on the old one is worth nothing to whoever else has it.
  if (hook.present !== undefined && reader.verify(request.body, request.headers, hook.present, now).ok) {
    await deps.retire(hook);
    return { status: 'outdated' };
  }
  reached('receive.verified');
  const delivery = toDelivery(reader, request.headers, body, hook);
  const sent = request.headers['traceparent'];
  const options = {
    // Anybody can send one: it is pointed to, never followed.
    links: typeof sent === 'string' ? [sent] : [],
    attributes: { deliveryId: delivery.id, hookId: request.hookId, provider: reader.id },
  };
  const admission = await traced(deps.tracing, 'receive', options, async ({ traceparent, set }) => {
    const stored = await deps.store({ ...delivery, traceparent });
    set({ outcome: stored.status, ...(stored.status === 'outdated' ? {} : { deliveryId: stored.id }) });
    return stored;
  });
  if (admission.status !== 'outdated') reached('receive.stored');
  return admission;
}

function toDelivery(reader: WebhookReader, headers: Headers, body: VerifiedBody, hook: KnownHook): NewDelivery {
  const bodyHash = hash('sha256', body, 'buffer');
  const identity = reader.identify(headers, bodyHash.toString('hex'));
  return {
    id: newId(),
    hook,
    // A signed delivery without its own key is still a delivery: its bytes stand in for the key.
    key: identity.ok ? identity.value.key : `sha256:${bodyHash.toString('hex')}`,
    event: identity.ok ? identity.value.event : 'unknown',
    headers: keep(headers, reader.storedHeaders),
    body,
    bodyHash,
  };
}

/** PostgreSQL stores no NUL in text; a header that holds one is none of a provider's. */
function keep(headers: Headers, names: readonly string[]): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (typeof value === 'string') kept[name] = value.replaceAll('\0', '').slice(0, 1_000);
  }
  return kept;
}
