import type { Account } from '#test/forge/accounts.ts';
import type { Forge } from '#test/forge/forge.ts';
import type { Repository } from '#test/forge/repositories.ts';
import { deliverEvent } from './deliveries.ts';
import { accountShape, repositoryShape } from './shapes.ts';
import type { Hook } from './state.ts';

/** What happened where, and who did it. */
export interface Happening {
  readonly repository: Repository;
  readonly sender: Account;
}

/** Delivers an event to every active hook of the repository that wants it. */
export function fire(forge: Forge, happening: Happening, event: string, payload: Readonly<Record<string, unknown>>): void {
  const full = { ...payload, ...envelope(forge, happening, payload) };
  for (const hook of listeners(forge, happening.repository, event)) deliverEvent(forge, hook, event, full);
}

/** Who would hear of such an event. Payloads that cost much are not made for nobody. */
export function listeners(forge: Pick<Forge, 'github'>, repository: Pick<Repository, 'id'>, event: string): readonly Hook[] {
  return hooksOf(forge, repository).filter((hook) => hook.active && (hook.events.includes(event) || hook.events.includes('*')));
}

/** The end of every payload. A repository already there stays: push has a form of its own. */
export function envelope(
  forge: Pick<Forge, 'url'>,
  { repository, sender }: Happening,
  payload: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const { owner } = repository;
  return {
    repository: payload['repository'] ?? repositoryShape(forge.url, repository, undefined),
    ...(owner.type === 'Organization' ? { organization: { login: owner.login, id: owner.id } } : {}),
    sender: accountShape(forge.url, sender),
  };
}

export function hooksOf(forge: Pick<Forge, 'github'>, repository: Pick<Repository, 'id'>): readonly Hook[] {
  return [...forge.github.hooks.values()].filter((hook) => hook.repositoryId === repository.id);
}
