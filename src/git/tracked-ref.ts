import type { Remote } from '#domain/remote.ts';
import type { CommitId } from '#domain/words.ts';
import { isCommitId } from '#domain/words.ts';
import type { Git } from './context.ts';
import type { RemoteRefs } from './list-remote-refs.ts';
import { listRemoteRefs } from './list-remote-refs.ts';
import { toBranchRef, toTagRef } from './ref-name.ts';

/**
 * What the remote says of a ref now. A commit is followed by nobody: it says that the remote answers and no more. Where a ref is absent, `head`
 * is the default branch as a full ref, if there is one.
 */
export type TrackedRef =
  | { readonly is: 'at'; readonly commit: CommitId }
  | { readonly is: 'absent'; readonly head?: string }
  | { readonly is: 'a-commit' };

const SHORT_ID = /^[0-9a-f]{7,64}$/i;

/** Asks the remote for one branch or tag with one `ls-remote`. Throws as `listRemoteRefs` does. */
export async function lookAtRef(git: Git, remote: Remote, name: string, signal: AbortSignal): Promise<TrackedRef> {
  // The last is what an annotated tag points to.
  const only = candidates(name).flatMap((ref) => (ref.startsWith('refs/tags/') ? [ref, `${ref}^{}`] : [ref]));
  if (only.length === 0) return { is: 'absent' };
  const listed = await listRemoteRefs(git, remote, signal, only);
  const found = findTracked(listed, name);
  return found.is === 'absent' && listed.head !== undefined && listed.headExists ? { ...found, head: listed.head } : found;
}

/** The same of refs that were listed already. Looks in the order in which a mirror resolves a name. */
export function findTracked({ refs, peeled }: Pick<RemoteRefs, 'refs' | 'peeled'>, name: string): TrackedRef {
  for (const ref of candidates(name)) {
    const commit = peeled.get(ref) ?? refs.get(ref);
    if (commit !== undefined) return { is: 'at', commit };
  }
  return isCommitId(name) || SHORT_ID.test(name) ? { is: 'a-commit' } : { is: 'absent' };
}

/** The same where it is not known what tags point to: only branches are found. */
export function findBranch(refs: ReadonlyMap<string, CommitId>, name: string): TrackedRef {
  const branch = toBranchRef(name);
  const commit = branch === undefined ? undefined : refs.get(branch);
  return commit === undefined ? { is: 'absent' } : { is: 'at', commit };
}

function candidates(name: string): readonly string[] {
  return [toBranchRef(name), toTagRef(name)].filter((ref) => ref !== undefined);
}
