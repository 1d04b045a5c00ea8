import { randomUUID } from 'node:crypto';
import type { Forge } from '#test/forge/forge.ts';
import { startDelivery, type Delivery } from '#test/forge/hooks/deliveries.ts';
import { alertStatusOf, healthAfter } from './hook-health.ts';
import { hookHeaders } from './hook-request.ts';
import { gitlabNow } from './settings.ts';
import type { Hook } from './state.ts';

/** Larger payloads are never sent. */
const MAX_PAYLOAD_BYTES = 25 * 1024 * 1024;

/** What a hook calls an event, and what the header does. */
export const EVENT_HEADERS = {
  push_events: 'Push Hook',
  tag_push_events: 'Tag Push Hook',
  merge_requests_events: 'Merge Request Hook',
  note_events: 'Note Hook',
  resource_access_token_events: 'Resource Access Token Hook',
} as const;

export type EventName = keyof typeof EVENT_HEADERS;

export interface Happening {
  readonly event: EventName;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Sends a happening to hooks that want it and that are not disabled. */
export function fire(forge: Forge, hooks: readonly Hook[], happening: Happening): void {
  const eventUuid = randomUUID();
  for (const hook of hooks) deliverTo(forge, hook, happening, eventUuid);
}

export function listeners(forge: Forge, projectId: number, event: EventName): readonly Hook[] {
  return hooksOf(forge, projectId).filter(
    (hook) => hook.events[event] === true && alertStatusOf(hook, forge.gitlab.settings) === 'executable',
  );
}

export function hooksOf(forge: Pick<Forge, 'gitlab'>, projectId: number): readonly Hook[] {
  return [...forge.gitlab.hooks.values()].filter((hook) => hook.projectId === projectId);
}

/** Whatever state the hook is in: tests go out always. Undefined when the payload is too large. */
export function deliverTo(forge: Forge, hook: Hook, { event, payload }: Happening, eventUuid: string): Delivery | undefined {
  const body = Buffer.from(JSON.stringify(payload));
  if (body.length > MAX_PAYLOAD_BYTES) return undefined;
  const action = typeof payload['event_name'] === 'string' ? payload['event_name'] : null;
  return run(forge, hook, { key: randomUUID(), event: EVENT_HEADERS[event], action, payload, eventUuid, redelivery: false });
}

/** The same payload under the same key, with a new time, signed with the token and sent to the address of now. */
export function resend(forge: Forge, hook: Hook, { guid, event, action, payload, requestHeaders }: Delivery): Delivery {
  const eventUuid = requestHeaders['X-Gitlab-Event-UUID'] ?? randomUUID();
  return run(forge, hook, { key: guid, event, action, payload, eventUuid, redelivery: true });
}

interface Attempt {
  readonly key: string;
  readonly event: string;
  readonly action: string | null;
  readonly payload: unknown;
  readonly eventUuid: string;
  readonly redelivery: boolean;
}

function run(forge: Forge, hook: Hook, { key, event, action, payload, eventUuid, redelivery }: Attempt): Delivery {
  const { settings } = forge.gitlab;
  const body = Buffer.from(JSON.stringify(payload));
  const timestamp = Math.floor(gitlabNow(settings).getTime() / 1000);
  const requestHeaders = hookHeaders(settings, { event, eventUuid, key, hook, timestamp, url: forge.url }, body);
  return startDelivery(
    forge,
    {
      provider: 'gitlab',
      guid: key,
      hookId: hook.id,
      repositoryId: hook.projectId,
      event,
      action,
      url: hook.url,
      redelivery,
      payload,
      body,
      requestHeaders,
      insecureSsl: !hook.verifySsl,
    },
    ({ statusCode }) => {
      hook.health = healthAfter(hook.health, statusCode, gitlabNow(settings));
    },
  );
}
