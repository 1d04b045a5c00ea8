import type { Forge } from '#test/forge/forge.ts';
import type { Repository } from '#test/forge/repositories.ts';
import { appListeners, deliverToApp } from './apps/deliver.ts';
import { deliverEvent } from './deliveries.ts';
import { envelope, type Happening } from './envelope.ts';
import { nodeId } from './shapes.ts';
import type { Hook } from './state.ts';

/** Delivers an event to every active hook of the repository that wants it, and to every App that is installed on it. */
export function fire(forge: Forge, happening: Happening, event: string, payload: Readonly<Record<string, unknown>>): void {
  const full = { ...payload, ...envelope(forge, happening, payload) };
  for (const hook of listeners(forge, happening.repository, event)) deliverEvent(forge, hook, event, full);
  for (const { id, app } of appListeners(forge, happening.repository, event))
    deliverToApp(forge, app, event, { ...full, installation: { id, node_id: nodeId('MDIz', id) } }, happening.repository.id);
}

/** Who would hear of such an event. Payloads that cost much are not made for nobody. */
export function listeners(forge: Pick<Forge, 'github'>, repository: Pick<Repository, 'id'>, event: string): readonly Hook[] {
  return hooksOf(forge, repository).filter((hook) => hook.active && (hook.events.includes(event) || hook.events.includes('*')));
}

/** Whether a payload is for anybody: a hook, or an App. */
export function isHeard(forge: Pick<Forge, 'github'>, repository: Repository, event: string): boolean {
  return listeners(forge, repository, event).length > 0 || appListeners(forge, repository, event).length > 0;
}

export function hooksOf(forge: Pick<Forge, 'github'>, repository: Pick<Repository, 'id'>): readonly Hook[] {
  return [...forge.github.hooks.values()].filter((hook) => hook.repositoryId === repository.id);
}
