import { randomUUID } from 'node:crypto';
import type { Forge } from '#test/forge/forge.ts';
import { startDelivery, type Delivery, type DeliveryStart } from '#test/forge/hooks/deliveries.ts';
import { encodePayload, hookHeaders } from './hook-request.ts';
import { isoSeconds } from './shapes.ts';
import type { Hook } from './state.ts';

/** Larger payloads are never sent. */
const MAX_PAYLOAD_BYTES = 25 * 1024 * 1024;

/** Starts delivering an event to one hook. Undefined when its payload is too large to be sent at all. */
export function deliverEvent(forge: Forge, hook: Hook, event: string, payload: Readonly<Record<string, unknown>>): Delivery | undefined {
  const body = encodePayload(payload, hook.config.content_type);
  if (body.length > MAX_PAYLOAD_BYTES) return undefined;
  const action = typeof payload['action'] === 'string' ? payload['action'] : null;
  return run(forge, hook, { guid: randomUUID(), event, action, payload, body, redelivery: false });
}

/** The same payload under the same GUID once more, signed with the secret and sent to the address the hook has now. */
export function redeliver(forge: Forge, hook: Hook, { guid, event, action, payload }: Delivery): Delivery {
  const body = encodePayload(payload, hook.config.content_type);
  return run(forge, hook, { guid, event, action, payload, body, redelivery: true });
}

/** Sends as GitHub does, and lets the hook remember the last answer. */
function run(
  forge: Forge,
  hook: Hook,
  start: Pick<DeliveryStart, 'guid' | 'event' | 'action' | 'payload' | 'body' | 'redelivery'>,
): Delivery {
  const { config, repositoryId } = hook;
  const requestHeaders = hookHeaders(
    { guid: start.guid, event: start.event, hookId: hook.id, repositoryId, config, host: new URL(forge.url).host },
    start.body,
  );
  const insecureSsl = config.insecure_ssl === '1';
  return startDelivery(
    forge,
    { ...start, provider: 'github', hookId: hook.id, repositoryId, url: config.url, requestHeaders, insecureSsl },
    ({ statusCode, status }) => {
      hook.lastResponse = { code: statusCode, status: statusCode < 400 ? 'active' : 'misconfigured', message: status };
    },
  );
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
