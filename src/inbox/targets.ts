import type { Tx } from '#db/database.ts';
import type { InstallationChangedEvent, RepositoryEvent } from '#domain/event.ts';
import type { Result } from '#domain/result.ts';
import type { CommitId } from '#domain/words.ts';
import type { Headers, PayloadProblem, VerifiedBody } from '#providers/contract.ts';
import type { AppRepository, AppTarget } from './apps/store.ts';
import { findAppTarget, listAppRepositories } from './apps/store.ts';
import type { HookRepository } from './store.ts';
import { findHookRepository } from './store.ts';

/** What routing needs for deliveries to Apps. */
export interface AppRouting {
  readonly readEvents: (body: VerifiedBody, headers: Headers) => Promise<Result<readonly RepositoryEvent[], PayloadProblem>>;
  /** Something became of an installation; what follows, in words for the inbox. */
  readonly installationChanged: (tx: Tx, app: AppTarget, event: InstallationChangedEvent) => Promise<string>;
  /** A check was asked for again: it is posted anew. */
  readonly repost: (tx: Tx, repositoryId: string, commit: CommitId) => Promise<void>;
}

/** Whom the deliveries of a hook concern. */
export type Target =
  | { readonly is: 'repository'; readonly repository: HookRepository }
  | { readonly is: 'app'; readonly app: AppTarget }
  | { readonly is: 'gone' };

export async function findTarget(tx: Tx, hookId: string): Promise<Target> {
  const repository = await findHookRepository(tx, hookId);
  if (repository !== undefined) return { is: 'repository', repository };
  const app = await findAppTarget(tx, hookId);
  return app === undefined ? { is: 'gone' } : { is: 'app', app };
}

/** Repositories that an event to an App's address is about. */
export async function repositoriesOf(tx: Tx, app: AppTarget, event: RepositoryEvent): Promise<readonly AppRepository[]> {
  const named = 'repository' in event ? event.repository : undefined;
  return named === undefined ? [] : listAppRepositories(tx, app, named);
}
