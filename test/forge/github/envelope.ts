import type { Account } from '#test/forge/accounts.ts';
import type { Forge } from '#test/forge/forge.ts';
import type { Repository } from '#test/forge/repositories.ts';
import { accountShape, repositoryShape } from './shapes.ts';

/** What happened where, and who did it. */
export interface Happening {
  readonly repository: Repository;
  readonly sender: Account;
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
