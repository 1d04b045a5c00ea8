import { randomUUID } from 'node:crypto';
import { emailOf } from '#test/forge/accounts.ts';
import { readRef, ZERO } from '#test/forge/git/refs.ts';
import type { Delivery } from '#test/forge/hooks/deliveries.ts';
import type { Answer } from '#test/forge/http/exchange.ts';
import { NEEDS } from './access.ts';
import { deliverTo, EVENT_HEADERS, resend, type EventName, type Happening } from './deliveries.ts';
import { numberParam, projectEndpoint, type ProjectCall, type ProjectEndpoint } from './endpoint.ts';
import { notFound, parameterError, refusal } from './errors.ts';
import { withHook } from './hooks.ts';
import { textOf } from './input.ts';
import { pageOf } from './pagination.ts';
import { mergeRequestPayload } from './payloads/merge-request.ts';
import { pushPayload } from './payloads/push.ts';
import type { Hook } from './state.ts';

const EVENTS = '/hooks/{hook}/events';

/** What was sent to a hook, again, and on trial. */
export const hookEventEndpoints: readonly ProjectEndpoint[] = [
  projectEndpoint('GET', EVENTS, NEEDS.readHooks, (call) => withHook(call, (hook) => listEvents(call, hook))),
  projectEndpoint('POST', `${EVENTS}/{event}/resend`, NEEDS.writeHooks, (call) => withHook(call, (hook) => resendEvent(call, hook))),
  projectEndpoint('POST', '/hooks/{hook}/test/{trigger}', NEEDS.writeHooks, (call) => withHook(call, (hook) => testHook(call, hook))),
];

function listEvents(call: ProjectCall, hook: Hook): Answer {
  const status = textOf(call.input, 'status');
  const shown = done(call, hook).filter((delivery) => status === undefined || hasStatus(delivery, status));
  return pageOf(call, shown.toReversed(), eventShape);
}

/** Answers when the receiver has. */
async function resendEvent(call: ProjectCall, hook: Hook): Promise<Answer> {
  const delivery = done(call, hook).find(({ id }) => id === numberParam(call, 'event'));
  if (delivery === undefined) return notFound();
  const again = resend(call.forge, hook, delivery);
  await again.finished;
  return { status: 201, body: { response_status: again.statusCode === 0 ? 'internal error' : again.statusCode } };
}

/** Something that happened, sent as if it happened now. A disabled hook that answers well is enabled again. */
async function testHook(call: ProjectCall, hook: Hook): Promise<Answer> {
  const trigger = Object.keys(EVENT_HEADERS).find((event): event is EventName => event === call.params['trigger']);
  if (trigger === undefined) return parameterError('trigger does not have a valid value');
  const happening = await sampleOf(call, trigger);
  if (happening === undefined) return refusal(422, 'Ensure the project has at least one commit.');
  const delivery = deliverTo(call.forge, hook, happening, randomUUID());
  await delivery?.finished;
  const code = delivery?.statusCode ?? 0;
  if (code >= 200 && code < 400) return refusal(201, '201 Created');
  return refusal(422, code === 0 ? (delivery?.status ?? 'internal error') : (delivery?.responsePayload ?? ''));
}

async function sampleOf({ forge, project, account }: ProjectCall, event: EventName): Promise<Happening | undefined> {
  const ref = `refs/heads/${project.defaultBranch}`;
  const tip = await readRef(project.dir, ref);
  if (event === 'push_events' || event === 'tag_push_events') {
    const sampled = event === 'push_events' ? ref : 'refs/tags/v1.0.0';
    if (tip === undefined) return undefined;
    return { event, payload: await pushPayload(forge, project, { ref: sampled, before: ZERO, after: tip }, account) };
  }
  if (event === 'merge_requests_events') {
    const merge = [...forge.gitlab.mergeRequests.values()].find(({ projectId }) => projectId === project.id);
    return merge === undefined ? undefined : { event, payload: await mergeRequestPayload(forge, merge, account, { action: 'open' }) };
  }
  if (event !== 'resource_access_token_events') return undefined;
  const token = { user_id: account.id, created_at: '2026-01-24 16:27:40 UTC', id: 25, name: 'acd', expires_at: '2026-01-26' };
  const about = { id: project.id, name: project.name, email: emailOf(account) };
  return { event, payload: { object_kind: 'access_token', event_name: 'expiring_access_token', project: about, object_attributes: token } };
}

function done({ forge }: ProjectCall, hook: Hook): readonly Delivery[] {
  return forge.deliveries.filter(({ hookId, state }) => hookId === hook.id && state === 'done');
}

function hasStatus({ statusCode }: Delivery, wanted: string): boolean {
  switch (wanted) {
    case 'successful':
      return statusCode >= 200 && statusCode < 300;
    case 'client_failure':
      return statusCode >= 400 && statusCode < 500;
    case 'server_failure':
      return statusCode >= 500 || statusCode === 0;
    default:
      return String(statusCode) === wanted;
  }
}

/** The plain token is not shown. */
function eventShape(delivery: Delivery): Record<string, unknown> {
  const trigger = Object.entries(EVENT_HEADERS).find(([, header]) => header === delivery.event)?.[0] ?? 'push_events';
  const { 'X-Gitlab-Token': token, ...headers } = delivery.requestHeaders;
  return {
    id: delivery.id,
    url: delivery.url,
    trigger: trigger.replace(/_events$/, '_hooks'),
    request_headers: token === undefined ? headers : { ...headers, 'X-Gitlab-Token': '[REDACTED]' },
    request_data: delivery.payload,
    response_headers: delivery.responseHeaders,
    response_body: delivery.responsePayload,
    execution_duration: delivery.durationMs / 1000,
    response_status: delivery.statusCode === 0 ? 'internal error' : String(delivery.statusCode),
  };
}
