import { randomUUID } from 'node:crypto';
import type { Forge } from '#test/forge/forge.ts';
import { startDelivery } from '#test/forge/hooks/deliveries.ts';
import type { Delivery } from '#test/forge/hooks/deliveries.ts';
import type { Repository } from '#test/forge/repositories.ts';
import { encodePayload, hookHeaders } from '#test/forge/github/hook-request.ts';
import { covers, type App, type AppInstallation } from './state.ts';

/** Sent to every App, whatever it subscribes to. */
const ALWAYS = ['installation', 'installation_repositories', 'installation_target', 'github_app_authorization'];

/** Installations that hear of an event in this repository: those that cover it, are not suspended, and whose App wants it. */
export function appListeners(forge: Pick<Forge, 'github'>, repository: Repository, event: string): readonly AppInstallation[] {
  return [...forge.github.apps.installations.values()].filter(
    (installation) => installation.suspendedAt === null && covers(installation, repository) && installation.app.events.includes(event),
  );
}

/** Delivers to the App's one address, signed with its one secret. */
export function deliverToApp(
  forge: Forge,
  app: App,
  event: string,
  payload: Readonly<Record<string, unknown>>,
  repositoryId: number | null = null,
): void {
  if (app.hookUrl === null || !(ALWAYS.includes(event) || app.events.includes(event))) return;
  const action = typeof payload['action'] === 'string' ? payload['action'] : null;
  send(forge, app, app.hookUrl, { guid: randomUUID(), event, action, payload, repositoryId, redelivery: false });
}

/** The same payload under the same GUID, signed anew. */
export function redeliverToApp(forge: Forge, app: App, delivery: Delivery): Delivery {
  const { guid, event, action, payload, repositoryId } = delivery;
  return send(forge, app, app.hookUrl ?? delivery.url, { guid, event, action, payload, repositoryId, redelivery: true });
}

type Sent = Pick<Delivery, 'guid' | 'event' | 'action' | 'payload' | 'repositoryId' | 'redelivery'>;

function send(forge: Forge, app: App, url: string, sent: Sent): Delivery {
  const body = encodePayload(sent.payload, 'json');
  const config = { content_type: 'json' as const, secret: app.webhookSecret };
  const headers = hookHeaders(
    { guid: sent.guid, event: sent.event, hookId: app.id + 500_000, repositoryId: app.id, config, host: new URL(forge.url).host },
    body,
  );
  const requestHeaders = { ...headers, 'X-GitHub-Hook-Installation-Target-Type': 'integration' };
  return startDelivery(
    forge,
    { ...sent, provider: 'github', hookId: app.id, url, body, requestHeaders, insecureSsl: false },
    () => undefined,
  );
}
