import { createHmac, randomUUID } from 'node:crypto';
import type { Forge } from '#test/forge/forge.ts';
import { startDelivery, type Delivery } from '#test/forge/hooks/deliveries.ts';
import type { Repository } from '#test/forge/repositories.ts';
import type { Hook } from './state.ts';
import { uuidOf } from './uuid.ts';

/** Larger payloads are dropped, and nobody is told. */
const MAX_PAYLOAD_BYTES = 256 * 1024;
/** The first, and two more at once where the receiver has a fault of its own (PROVIDERS.md 2.3). */
const ATTEMPTS = 3;

export interface Happening {
  readonly event: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Hooks that an event of the repository may go to: its own and those of its workspace. */
export function hooksOf(forge: Pick<Forge, 'bitbucket'>, repository: Repository): readonly Hook[] {
  return [...forge.bitbucket.hooks.values()].filter(
    (hook) => hook.repositoryId === repository.id || (hook.repositoryId === undefined && hook.workspace === repository.owner.login),
  );
}

/** Sends to the hooks that want it, all under one key: it is the event's. */
export function fire(forge: Forge, repository: Repository, { event, payload }: Happening): void {
  const body = Buffer.from(JSON.stringify(payload));
  if (body.length > MAX_PAYLOAD_BYTES) return;
  const key = randomUUID();
  for (const hook of hooksOf(forge, repository))
    if (hook.active && hook.events.includes(event)) attempt(forge, hook, { key, event, payload, number: 1, repositoryId: repository.id });
}

/** There is no such thing at Bitbucket; tests send one again as a retry would come. */
export function sendAgain(forge: Forge, hook: Hook, { guid, event, payload, repositoryId }: Delivery): Delivery {
  return attempt(forge, hook, { key: guid, event, payload, number: ATTEMPTS, repositoryId });
}

interface Attempt {
  readonly key: string;
  readonly event: string;
  readonly payload: unknown;
  readonly number: number;
  readonly repositoryId: number | null;
}

function attempt(forge: Forge, hook: Hook, sent: Attempt): Delivery {
  const { key, event, payload, number, repositoryId } = sent;
  const body = Buffer.from(JSON.stringify(payload));
  const requestHeaders = hookHeaders({ event, key, number, hookId: hook.id, secret: hook.secret }, body);
  return startDelivery(
    forge,
    {
      provider: 'bitbucket',
      guid: key,
      hookId: hook.id,
      repositoryId,
      event,
      action: null,
      url: hook.url,
      redelivery: number > 1,
      payload,
      body,
      requestHeaders,
      insecureSsl: false,
    },
    ({ statusCode }) => {
      if ((statusCode >= 500 || statusCode === 0) && number < ATTEMPTS) attempt(forge, hook, { ...sent, number: number + 1 });
    },
  );
}

export interface HookRequest {
  readonly event: string;
  readonly key: string;
  readonly number: number;
  readonly hookId: number;
  readonly secret: string | undefined;
}

/** The signature is SHA-256 under the name that GitHub's SHA-1 has; without a secret there is none. */
export function hookHeaders({ event, key, number, hookId, secret }: HookRequest, body: Buffer): Record<string, string> {
  return {
    Accept: '*/*',
    'Content-Type': 'application/json',
    'User-Agent': 'Bitbucket-Webhooks/2.0',
    'X-Event-Key': event,
    'X-Hook-UUID': uuidOf(hookId).slice(1, -1),
    'X-Request-UUID': key,
    'X-Attempt-Number': String(number),
    ...(secret === undefined ? {} : { 'X-Hub-Signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` }),
  };
}
