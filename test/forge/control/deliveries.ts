import { randomUUID } from 'node:crypto';
import type { Forge } from '#test/forge/forge.ts';
import { redeliver, run, type DeliveryStart } from '#test/forge/github/deliveries.ts';
import { encodePayload, hookHeaders } from '#test/forge/github/hook-request.ts';
import type { Delivery, Hook } from '#test/forge/github/state.ts';
import { spoilSignatures } from '#test/forge/hooks/deliver.ts';
import { rawDelivery, type RawDelivery } from '#test/forge/wire.ts';
import { control, ControlError, type ControlCall, type ControlEndpoint } from './endpoint.ts';

export const deliveryControls: readonly ControlEndpoint[] = [
  control('GET', '/deliveries', ({ forge, query }) => listDeliveries(forge, query)),
  control('POST', '/deliveries', deliverRaw),
  control('POST', '/deliveries/{id}/again', deliverAgain),
  control('GET', '/hooks', ({ forge }) => [...forge.github.hooks.values()]),
];

export interface DeliveryView {
  readonly id: number;
  readonly guid: string;
  readonly hook_id: number | null;
  readonly event: string;
  readonly action: string | null;
  readonly redelivery: boolean;
  readonly state: Delivery['state'];
  readonly status_code: number;
  readonly status: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: unknown;
  /** The very bytes, in base64. */
  readonly body_base64: string;
  readonly response: string;
}

export function describeDelivery(delivery: Delivery): DeliveryView {
  return {
    id: delivery.id,
    guid: delivery.guid,
    hook_id: delivery.hookId,
    event: delivery.event,
    action: delivery.action,
    redelivery: delivery.redelivery,
    state: delivery.state,
    status_code: delivery.statusCode,
    status: delivery.status,
    url: delivery.url,
    headers: delivery.requestHeaders,
    payload: delivery.payload,
    body_base64: delivery.body.toString('base64'),
    response: delivery.responsePayload,
  };
}

function listDeliveries(forge: Forge, query: URLSearchParams): readonly DeliveryView[] {
  const [event, hookId] = [query.get('event'), query.get('hook_id')];
  return forge.github.deliveries
    .filter((delivery) => (event === null || delivery.event === event) && (hookId === null || String(delivery.hookId) === hookId))
    .map(describeDelivery);
}

/** Waits for the answer. */
async function deliverAgain({ forge, params }: ControlCall): Promise<DeliveryView> {
  const delivery = forge.github.deliveries.find(({ id }) => id === Number(params['id']));
  const hook = forge.github.hooks.get(delivery?.hookId ?? 0);
  if (delivery === undefined || hook === undefined) throw new ControlError(404, `there is no delivery ${params['id'] ?? ''} of a hook`);
  return finished(redeliver(forge, hook, delivery));
}

/** Anything at all to anywhere, signed as asked. Copies share one GUID. Waits for the answers. */
async function deliverRaw({ forge, json }: ControlCall): Promise<readonly DeliveryView[]> {
  const spec = await json(rawDelivery);
  const start = startOf(forge, spec);
  const deliveries = Array.from({ length: spec.copies }, () => run(forge, start));
  return Promise.all(deliveries.map(finished));
}

function startOf(forge: Forge, spec: RawDelivery): DeliveryStart {
  const hook = targetOf(forge, spec);
  const { config } = hook;
  const payload = spec.payload ?? {};
  const body = spec.payload_base64 === undefined ? encodePayload(payload, config.content_type) : Buffer.from(spec.payload_base64, 'base64');
  const guid = spec.guid ?? randomUUID();
  const { secret, ...unsigned } = config;
  const signing = spec.signature === 'none' || secret === undefined ? unsigned : { ...unsigned, secret };
  const host = new URL(forge.url).host;
  const signed = hookHeaders({ guid, event: spec.event, hookId: hook.id, repositoryId: hook.repositoryId, config: signing, host }, body);
  const headers = { ...(spec.signature === 'bad' ? spoilSignatures(signed) : signed), ...spec.headers };
  const kept = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== null);
  return { guid, hook, event: spec.event, action: null, payload, body, headers: Object.fromEntries(kept), redelivery: false };
}

function targetOf(forge: Forge, { hook_id, url, secret, content_type }: RawDelivery): DeliveryStart['hook'] {
  const hook: Hook | undefined = forge.github.hooks.get(hook_id ?? 0);
  if (hook_id !== undefined && hook === undefined) throw new ControlError(404, `there is no hook ${hook_id}`);
  const target = url ?? hook?.config.url;
  if (target === undefined) throw new ControlError(400, 'neither hook_id nor url');
  const known = secret ?? hook?.config.secret;
  const config = {
    content_type: content_type ?? hook?.config.content_type ?? 'json',
    insecure_ssl: hook?.config.insecure_ssl ?? '0',
    url: target,
  } as const;
  return {
    id: hook?.id ?? null,
    repositoryId: hook?.repositoryId ?? null,
    config: known === undefined ? config : { ...config, secret: known },
  };
}

async function finished(delivery: Delivery): Promise<DeliveryView> {
  await delivery.finished;
  return describeDelivery(delivery);
}
