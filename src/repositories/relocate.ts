import { Failure, isFailure } from '#domain/failure.ts';
import type { Tx } from '#db/database.ts';
import type { Result } from '#domain/result.ts';
import type { RemoteRepository } from '#providers/contract.ts';
import type { OpenDeps, OpenForge } from './open.ts';
import { openForge } from './open.ts';
import { isSameServer } from './reach.ts';
import { moveRepository } from './moves/store.ts';
import { findRemote } from './store.ts';

export interface RelocateDeps extends OpenDeps {
  /** Checks an address against the egress policy; the answer is canonical. */
  readonly checkUrl: (text: string) => Result<{ readonly href: string }, { readonly message: string }>;
  readonly sameRemoteKey: (href: string) => string;
  /** Says it in the log of the run that found out, with the move. */
  readonly tell: (tx: Tx, jobResultId: string, line: MoveLine) => Promise<void>;
}

export interface MoveLine {
  readonly level: 'warning';
  readonly grouping: 'git';
  readonly code: 'REPO_MOVED';
  readonly message: string;
}

export interface Lost {
  readonly repositoryId: string;
  /** The run that did not find it, or whose status could not be posted where it was. */
  readonly jobResultId: string | null;
}

export interface Relocated {
  readonly from: string;
  readonly to: string;
}

/**
 * Looks for a repository that is not at its address any more by the provider's own id, and gives it its new address. Undefined when it is
 * not found elsewhere: no id is known, there is no API to ask, or the provider knows none or says the same address. The move is told in the log
 * of the job result, if there is one. Throws Failure POLICY_DENIED when the new address may not be reached or is on another server, and what the API throws.
 */
export async function relocate(
  deps: RelocateDeps,
  { repositoryId, jobResultId }: Lost,
  signal: AbortSignal,
): Promise<Relocated | undefined> {
  const known = await findRemote(deps.database, repositoryId);
  if (known?.remote_id == null) return undefined;
  const forge = await openForge(deps, repositoryId);
  const found = forge === undefined ? undefined : await readById(forge, known.remote_id, signal);
  if (found === undefined) return undefined;
  const { href } = checkAddress(deps, known.remote_url, found);
  const key = deps.sameRemoteKey(href);
  if (key === known.remote_key) return undefined;
  const reason = `The provider says that repository ${known.remote_id} is at ${found.fullName} now.`;
  const moved = await deps.database.transaction(async (tx) => {
    const isMine = await moveRepository(tx, repositoryId, { fromKey: known.remote_key, url: href, key, reason });
    if (isMine && jobResultId !== null) await deps.tell(tx, jobResultId, moveLine(known.remote_url, href));
    return isMine;
  });
  return moved ? { from: known.remote_url, to: href } : undefined;
}

function moveLine(from: string, to: string): MoveLine {
  return {
    level: 'warning',
    grouping: 'git',
    code: 'REPO_MOVED',
    message: `The repository moved from ${from} to ${to}: found by its number at the provider. The new address is kept.`,
  };
}

async function readById({ api, ref }: OpenForge, id: string, signal: AbortSignal): Promise<RemoteRepository | undefined> {
  try {
    return await api.readRepositoryById?.(id, signal, ref);
  } catch (error) {
    if (isFailure(error) && (error.code === 'REPO_NOT_FOUND' || error.code === 'PERM_MISSING')) return undefined;
    throw error;
  }
}

/** The credential is for the server that it was given for, wherever an answer of the provider points. */
function checkAddress(deps: RelocateDeps, current: string, found: RemoteRepository): { readonly href: string } {
  const checked = deps.checkUrl(found.cloneUrl);
  if (!checked.ok)
    throw new Failure('POLICY_DENIED', {
      message: `The repository moved to an address that is not allowed from here: ${checked.error.message}`,
    });
  if (!isSameServer(checked.value.href, current)) {
    throw new Failure('POLICY_DENIED', {
      message: 'The repository moved to another server, where its credential is not used.',
      help: 'Change remote_url to the new address and give a credential for that server.',
    });
  }
  return checked.value;
}
