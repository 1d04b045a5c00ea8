import { isFailure } from '#domain/failure.ts';
import { openForgeWith } from '#repositories/open.ts';
import type { OpenDeps } from '#repositories/open.ts';
import { findReach } from '#repositories/reach.ts';
import type { Reach, ReachCredential } from '#repositories/reach.ts';
import type { Candidate } from './store.ts';
import { isInstalledOn } from './store.ts';

export type Target = ReachCredential & { readonly kind: string };

export type Checked =
  | { readonly is: 'reached'; readonly reach: Reach; readonly remoteId: string }
  /** Why not, for a person. */
  | { readonly is: 'not-reached'; readonly reason: string };

/** Tries whether a credential reaches a repository, by reading it with that credential. Nothing is changed. */
export async function checkTarget(deps: OpenDeps, candidate: Candidate, target: Target, signal: AbortSignal): Promise<Checked> {
  if (candidate.credential_id === target.id) return no('It uses this credential already.');
  const reach = findReach(deps, candidate.remote_url, target);
  if (!reach.ok) return no(reach.error);
  try {
    const forge = await openForgeWith(deps, target.id, candidate.remote_url);
    if (forge === undefined) return no('The provider of this credential has no API to try it with. Change the repository itself.');
    const remote = await forge.api.readRepository(forge.ref, signal);
    if (candidate.remote_id !== null && candidate.remote_id !== remote.id)
      return no(`At its address is another repository now (number ${remote.id}, ${candidate.remote_id} was registered).`);
    // Anybody reads a public repository; the App is told of nothing there unless it is installed on it.
    if (target.kind === 'app-installation' && !(await isInstalledOn(deps.database, target.id, remote.id)))
      return no('The App is not installed on this repository. Add it to the installation at GitHub.');
    return { is: 'reached', reach: reach.value, remoteId: remote.id };
  } catch (error) {
    if (isFailure(error)) return no(`${error.message} ${error.help}`);
    throw error;
  }
}

function no(reason: string): Checked {
  return { is: 'not-reached', reason };
}
