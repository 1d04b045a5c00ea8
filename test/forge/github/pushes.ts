import type { Account } from '#test/forge/accounts.ts';
import type { Forge } from '#test/forge/forge.ts';
import { ZERO, type RefChange } from '#test/forge/git/refs.ts';
import type { Pushed } from '#test/forge/pushed.ts';
import type { Repository } from '#test/forge/repositories.ts';
import { fire, isHeard } from './fire.ts';
import { pushPayload } from './payloads/push.ts';
import { followBranch } from './pulls.ts';

/** More of them in one push, and nobody is told of any. */
const MAX_BRANCHES = 5_000;
const MAX_TAGS = 3;

/** Tells everybody of a push: `push` for each ref, `create` and `delete`, and pull requests whose branch moved. */
export async function announceGithubPush(forge: Forge, { repository: current, changes, pusher, silent = false }: Pushed): Promise<void> {
  const branches = changes.filter(({ ref }) => ref.startsWith('refs/heads/'));
  const tags = changes.filter(({ ref }) => ref.startsWith('refs/tags/'));
  const told = [...(branches.length > MAX_BRANCHES ? [] : branches), ...(tags.length > MAX_TAGS ? [] : tags)];
  for (const change of silent ? [] : told) {
    if (isHeard(forge, current, 'push'))
      fire(forge, { repository: current, sender: pusher }, 'push', await pushPayload(forge, current, change, pusher));
    tellRefMadeOrRemoved(forge, current, change, pusher);
  }
  for (const change of branches) await followBranch(forge, { repository: current, change, sender: pusher, silent });
}

function tellRefMadeOrRemoved(forge: Forge, repository: Repository, { ref, before, after }: RefChange, sender: Account): void {
  const event = before === ZERO ? 'create' : after === ZERO ? 'delete' : undefined;
  if (event === undefined) return;
  const payload = {
    ref: ref.replace(/^refs\/(heads|tags)\//, ''),
    ref_type: ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    pusher_type: 'user',
  };
  fire(
    forge,
    { repository, sender },
    event,
    event === 'create' ? { ...payload, master_branch: repository.defaultBranch, description: null } : payload,
  );
}
