import type { Account } from '#test/forge/accounts.ts';
import type { Forge } from '#test/forge/forge.ts';
import { changeRefs } from '#test/forge/git/refs.ts';
import { readGit } from '#test/forge/git/run.ts';
import { announcePush } from '#test/forge/pushed.ts';
import { fullNameOf, type Repository } from '#test/forge/repositories.ts';
import { ControlError, getTip } from './endpoint.ts';

export interface Merge {
  readonly sender: Account;
  /** Name and address of who merges. */
  readonly by: string;
  readonly base: string;
  readonly head: string;
  readonly message: string;
}

/** Writes a merge commit on the base branch and pushes it, as the provider does. Its id. */
export async function pushMerge(forge: Forge, repository: Repository, merge: Merge): Promise<string> {
  const change = await forge.lock(repository.id, async () => {
    const base = await getTip(repository, merge.base);
    const after = await writeMerge(repository.dir, base, merge);
    const moved = { ref: `refs/heads/${merge.base}`, before: base, after };
    await changeRefs(repository.dir, [moved]);
    return moved;
  });
  const body = { refs: [change] };
  forge.effects.add({ method: 'PUSH', path: `/${fullNameOf(repository)}.git`, token: null, status: 200, answered: 200, body });
  await announcePush(forge, { repository, changes: [change], pusher: merge.sender });
  return change.after;
}

async function writeMerge(dir: string, base: string, { head, by, message }: Merge): Promise<string> {
  const tree = await readGit(dir, ['merge-tree', '--write-tree', base, head]).catch(() => {
    throw new ControlError(409, 'there are conflicts');
  });
  const signature = `${by} ${Math.floor(Date.now() / 1000)} +0000`;
  const text = `tree ${tree}\nparent ${base}\nparent ${head}\nauthor ${signature}\ncommitter ${signature}\n\n${message}\n`;
  return readGit(dir, ['hash-object', '-t', 'commit', '-w', '--stdin'], text);
}
