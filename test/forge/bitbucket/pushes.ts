import type { Forge } from '#test/forge/forge.ts';
import { ZERO } from '#test/forge/git/refs.ts';
import type { Pushed } from '#test/forge/pushed.ts';
import { fire, hooksOf } from './deliveries.ts';
import { pullPayload, pushPayload } from './payloads.ts';

/** Tells hooks of a push, all its refs at once; then open pull requests follow their branch. */
export async function announceBitbucketPush(forge: Forge, { repository, changes, pusher, silent = false }: Pushed): Promise<void> {
  const told = changes.filter(({ ref }) => /^refs\/(heads|tags)\//.test(ref));
  // Payloads that cost much are not made for nobody.
  if (!silent && told.length > 0 && hooksOf(forge, repository).length > 0)
    fire(forge, repository, { event: 'repo:push', payload: await pushPayload(forge, repository, told, pusher) });
  for (const { ref, after } of told) {
    for (const pull of forge.bitbucket.pulls.values()) {
      const follows = pull.sourceRepositoryId === repository.id && `refs/heads/${pull.sourceBranch}` === ref;
      const target = forge.repositories.get(pull.repositoryId, 'bitbucket');
      if (pull.state !== 'OPEN' || !follows || after === ZERO || target === undefined) continue;
      Object.assign(pull, { head: after, updatedAt: new Date() });
      if (silent) continue;
      const payload = pullPayload(forge, pull, pusher);
      for (const event of ['pullrequest:push', 'pullrequest:updated']) fire(forge, target, { event, payload });
    }
  }
}
