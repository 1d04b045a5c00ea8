import { randomUUID } from 'node:crypto';
import type { Forge } from '#test/forge/forge.ts';
import { deliver } from '#test/forge/hooks/deliver.ts';
import { fullNameOf } from '#test/forge/repositories.ts';
import { encodePayload, hookHeaders } from './hook-request.ts';
import { isoSeconds } from './shapes.ts';
import type { Delivery, Hook } from './state.ts';

/** Larger payloads are never sent. */
const MAX_PAYLOAD_BYTES = 25 * 1024 * 1024;

/** Starts delivering an event to one hook. Undefined when its payload is too large to be sent at all. */
export function startDelivery(forge: Forge, hook: Hook, event: string, payload: Readonly<Record<string, unknown>>): Delivery | undefined {
  const body = encodePayload(payload, hook.config.content_type);
  if (body.length > MAX_PAYLOAD_BYTES) return undefined;
  const guid = randomUUID();
  const headers = hookHeaders(requestOf(forge, hook, event, guid), body);
  const action = typeof payload['action'] === 'string' ? payload['action'] : null;
  return run(forge, { guid, hook, event, action, payload, body, headers, redelivery: false });
}

/** The same bytes under the same GUID once more, signed with the secret and sent to the address the hook has now. */
export function redeliver(forge: Forge, hook: Hook, delivery: Delivery): Delivery {
  const body = encodePayload(delivery.payload, hook.config.content_type);
  const headers = hookHeaders(requestOf(forge, hook, delivery.event, delivery.guid), body);
  const { guid, event, action, payload } = delivery;
  return run(forge, { guid, hook, event, action, payload, body, headers, redelivery: true });
}

export interface DeliveryStart extends Pick<Delivery, 'guid' | 'event' | 'action' | 'payload' | 'body' | 'redelivery'> {
  readonly hook: Pick<Hook, 'config'> & { readonly id: number | null; readonly repositoryId: number | null };
  readonly headers: Readonly<Record<string, string>>;
}

export function run(forge: Forge, { hook, headers, ...start }: DeliveryStart): Delivery {
  const delivery: Delivery = {
    ...start,
    id: 30_000_000_000 + forge.nextId(),
    hookId: hook.id,
    repositoryId: hook.repositoryId,
    url: hook.config.url,
    deliveredAt: new Date(),
    requestHeaders: headers,
    finished: Promise.resolve(),
    state: 'sending',
    durationMs: 0,
    statusCode: 0,
    status: '',
    responseHeaders: {},
    responsePayload: '',
  };
  forge.github.deliveries.push(delivery);
  delivery.finished = forge.busy.track(finish(forge, delivery, hook.config.insecure_ssl === '1'));
  return delivery;
}

async function finish(forge: Forge, delivery: Delivery, insecureSsl: boolean): Promise<void> {
  const { url, requestHeaders: headers, body, event } = delivery;
  const repository = forge.repositories.get(delivery.repositoryId ?? 0);
  const started = performance.now();
  const name = repository === undefined ? undefined : fullNameOf(repository);
  const outcome = await deliver(forge, forge.github.overtaking, { url, headers, body, insecureSsl, event, repository: name });
  delivery.durationMs = performance.now() - started;
  delivery.state = outcome === undefined ? 'lost' : 'done';
  if (outcome === undefined) return;
  delivery.statusCode = outcome.statusCode;
  delivery.status = outcome.statusCode >= 200 && outcome.statusCode < 300 ? 'OK' : outcome.status;
  delivery.responseHeaders = outcome.headers;
  delivery.responsePayload = outcome.payload;
  const hook = forge.github.hooks.get(delivery.hookId ?? 0);
  if (hook === undefined) return;
  hook.lastResponse = { code: outcome.statusCode, status: outcome.statusCode < 400 ? 'active' : 'misconfigured', message: delivery.status };
}

function requestOf(forge: Forge, hook: Hook, event: string, guid: string): Parameters<typeof hookHeaders>[0] {
  return { guid, event, hookId: hook.id, repositoryId: hook.repositoryId, config: hook.config, host: new URL(forge.url).host };
}

export function deliveryShape(delivery: Delivery): Record<string, unknown> {
  return {
    id: delivery.id,
    guid: delivery.guid,
    delivered_at: isoSeconds(delivery.deliveredAt),
    redelivery: delivery.redelivery,
    duration: Math.round(delivery.durationMs) / 1000,
    status: delivery.status,
    status_code: delivery.statusCode,
    event: delivery.event,
    action: delivery.action,
    installation_id: null,
    repository_id: delivery.repositoryId,
    throttled_at: null,
    url: delivery.url,
  };
}

export function deliveryDetail(delivery: Delivery): Record<string, unknown> {
  return {
    ...deliveryShape(delivery),
    request: { headers: delivery.requestHeaders, payload: delivery.payload },
    response: { headers: delivery.responseHeaders, payload: delivery.responsePayload },
  };
}
