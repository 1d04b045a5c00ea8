import type { Delivery } from '#test/forge/hooks/deliveries.ts';
import type { Answer } from '#test/forge/http/exchange.ts';
import { NEEDS } from './access.ts';
import { deliveryDetail, deliveryShape, redeliver } from './deliveries.ts';
import { numberParam, repositoryEndpoint, type RepositoryCall, type RepositoryEndpoint } from './endpoint.ts';
import { notFound } from './errors.ts';
import { withHook } from './hooks.ts';
import { cursorPageOf } from './pagination.ts';
import type { Hook } from './state.ts';

const DELIVERIES = '/hooks/{hook}/deliveries';

export const deliveryEndpoints: readonly RepositoryEndpoint[] = [
  repositoryEndpoint('GET', DELIVERIES, NEEDS.readHooks, (call) => withHook(call, (hook) => listDeliveries(call, hook))),
  repositoryEndpoint('GET', `${DELIVERIES}/{delivery}`, NEEDS.readHooks, (call) =>
    withHook(call, (hook) => withDelivery(call, hook, (delivery) => ({ status: 200, body: deliveryDetail(delivery) }))),
  ),
  repositoryEndpoint('POST', `${DELIVERIES}/{delivery}/attempts`, NEEDS.writeHooks, (call) =>
    withHook(call, (hook) => withDelivery(call, hook, (delivery) => attempt(call, hook, delivery))),
  ),
];

function listDeliveries(call: RepositoryCall, hook: Hook): Answer {
  const status = call.query.get('status');
  const redelivery = call.query.get('redelivery');
  const shown = done(call, hook).filter(
    (delivery) =>
      (status === null || (status === 'success') === isSuccess(delivery)) &&
      (redelivery === null || String(delivery.redelivery) === redelivery),
  );
  return cursorPageOf(call, shown.toReversed(), deliveryShape);
}

function withDelivery(call: RepositoryCall, hook: Hook, use: (delivery: Delivery) => Answer): Answer {
  const delivery = done(call, hook).find(({ id }) => id === numberParam(call, 'delivery'));
  return delivery === undefined ? notFound() : use(delivery);
}

function attempt({ forge }: RepositoryCall, hook: Hook, delivery: Delivery): Answer {
  redeliver(forge, hook, delivery);
  return { status: 202, body: {} };
}

function done({ forge }: RepositoryCall, hook: Hook): readonly Delivery[] {
  return forge.deliveries.filter(({ hookId, state }) => hookId === hook.id && state === 'done');
}

function isSuccess({ statusCode }: Delivery): boolean {
  return statusCode >= 200 && statusCode < 400;
}
