import { Failure, isFailure } from '#domain/failure.ts';
import type { RemoteRepository } from '#providers/contract.ts';
import type { OpenDeps } from './open.ts';
import { openForge } from './open.ts';
import { findRemote, noteRemoteId } from './store.ts';

/**
 * Asks the provider whether the repository at the known address is still the one that was registered: a name that was given up can be
 * taken by anybody, with any content. Throws Failure REPO_REPLACED when it is another. Where that cannot be asked now (no API, a limit,
 * an outage) nothing is thrown: an outage of the API must not stop imports, and nobody who takes a name can cause one.
 */
export async function confirmIdentity(deps: OpenDeps, repositoryId: string, signal: AbortSignal): Promise<void> {
  let remote: RemoteRepository | undefined;
  try {
    const forge = await openForge(deps, repositoryId);
    remote = await forge?.api.readRepository(forge.ref, signal);
  } catch (error) {
    if (isFailure(error) || signal.aborted) return;
    throw error;
  }
  if (remote === undefined) return;
  const known = await findRemote(deps.database, repositoryId);
  requireSame(known, remote);
  if (known?.remote_id === null) await noteRemoteId(deps.database, repositoryId, remote.id);
}

/** Throws Failure REPO_REPLACED when the provider's id is not the one that is known. */
export function requireSame(known: { readonly remote_id: string | null } | undefined, remote: RemoteRepository): void {
  if (known?.remote_id == null || known.remote_id === remote.id) return;
  throw new Failure('REPO_REPLACED', {
    message: `At ${remote.fullName} is another repository now: its number at the provider is ${remote.id}, and ${known.remote_id} was registered. Nothing of it was imported.`,
  });
}
