import type { Account } from './accounts.ts';
import { announceBitbucketPush } from './bitbucket/pushes.ts';
import type { Forge } from './forge.ts';
import type { RefChange } from './git/refs.ts';
import { announceGithubPush } from './github/pushes.ts';
import { announceGitlabPush } from './gitlab/pushes.ts';
import type { Repository } from './repositories.ts';

export interface Pushed {
  readonly repository: Repository;
  readonly changes: readonly RefChange[];
  readonly pusher: Account;
  /** The provider loses all events of it; pull requests still follow their branches. */
  readonly silent?: boolean;
}

/** Tells everybody of a push, as the repository's provider does. */
export async function announcePush(forge: Forge, pushed: Pushed): Promise<void> {
  const repository = forge.repositories.change(pushed.repository.id, { pushedAt: new Date() });
  const current = { ...pushed, repository };
  if (repository.provider === 'gitlab') return announceGitlabPush(forge, current);
  if (repository.provider === 'bitbucket') return announceBitbucketPush(forge, current);
  return announceGithubPush(forge, current);
}
