import type { Forge } from '#test/forge/forge.ts';
import { sendAgain as sendAgainAtBitbucket } from '#test/forge/bitbucket/deliveries.ts';
import { bitbucketRawDelivery } from '#test/forge/bitbucket/raw-delivery.ts';
import { redeliver } from '#test/forge/github/deliveries.ts';
import { githubRawDelivery } from '#test/forge/github/raw-delivery.ts';
import { resend } from '#test/forge/gitlab/deliveries.ts';
import { gitlabRawDelivery } from '#test/forge/gitlab/raw-delivery.ts';
import { startDelivery, type Delivery, type DeliveryStart } from '#test/forge/hooks/deliveries.ts';
import { rawDelivery, type ProviderName, type RawDelivery } from '#test/forge/wire.ts';
import { deliverAgainToApp } from './apps.ts';
import { control, ControlError, type ControlCall, type ControlEndpoint } from './endpoint.ts';

export const deliveryControls: readonly ControlEndpoint[] = [
  control('GET', '/deliveries', ({ forge, query }) => listDeliveries(forge, query)),
  control('POST', '/deliveries', deliverRaw),
  control('POST', '/deliveries/{id}/again', deliverAgain),
  control('GET', '/hooks', ({ forge }) => [
    ...forge.github.hooks.values(),
    ...forge.gitlab.hooks.values(),
    ...forge.bitbucket.hooks.values(),
  ]),
];

export interface DeliveryView {
  readonly id: number;
  readonly provider: ProviderName;
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
    provider: delivery.provider,
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
  return forge.deliveries
    .filter((delivery) => (event === null || delivery.event === event) && (hookId === null || String(delivery.hookId) === hookId))
    .map(describeDelivery);
}

/** Waits for the answer. */
async function deliverAgain({ forge, params }: ControlCall): Promise<DeliveryView> {
  const delivery = forge.deliveries.find(({ id }) => id === Number(params['id']));
  const again = delivery === undefined ? undefined : sendAgain(forge, delivery);
  if (again === undefined) throw new ControlError(404, `there is no delivery ${params['id'] ?? ''} of a hook`);
  return finished(again);
}

function sendAgain(forge: Forge, delivery: Delivery): Delivery | undefined {
  const github = forge.github.hooks.get(delivery.hookId ?? 0);
  if (github !== undefined) return redeliver(forge, github, delivery);
  const gitlab = forge.gitlab.hooks.get(delivery.hookId ?? 0);
  if (gitlab !== undefined) return resend(forge, gitlab, delivery);
  const bitbucket = forge.bitbucket.hooks.get(delivery.hookId ?? 0);
  return bitbucket === undefined ? deliverAgainToApp(forge, delivery) : sendAgainAtBitbucket(forge, bitbucket, delivery);
}

/** Anything at all to anywhere, signed as asked. Copies share one key. Waits for the answers. */
async function deliverRaw({ forge, json }: ControlCall): Promise<readonly DeliveryView[]> {
  const spec = await json(rawDelivery);
  const start = startOf(forge, spec);
  const headers = Object.entries({ ...start.requestHeaders, ...spec.headers });
  const requestHeaders = Object.fromEntries(headers.filter((entry): entry is [string, string] => entry[1] !== null));
  const deliveries = Array.from({ length: spec.copies }, () => startDelivery(forge, { ...start, requestHeaders }, () => undefined));
  return Promise.all(deliveries.map(finished));
}

const PROVIDERS: readonly ProviderName[] = ['github', 'gitlab', 'bitbucket'];
const RAW = { github: githubRawDelivery, gitlab: gitlabRawDelivery, bitbucket: bitbucketRawDelivery } as const;

function startOf(forge: Forge, spec: RawDelivery): DeliveryStart {
  const { hook_id: hookId } = spec;
  const known = hookId === undefined ? spec.provider : PROVIDERS.find((name) => forge[name].hooks.has(hookId));
  if (hookId !== undefined && known === undefined) throw new ControlError(404, `there is no hook ${hookId}`);
  const start = RAW[known ?? 'github'](forge, spec);
  if (start === undefined) throw new ControlError(400, 'neither hook_id nor url');
  return start;
}

async function finished(delivery: Delivery): Promise<DeliveryView> {
  await delivery.finished;
  return describeDelivery(delivery);
}
