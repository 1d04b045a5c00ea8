import type { Database } from '#db/database.ts';
import type { Links } from '#domain/links.ts';
import { refuseFields } from '#domain/refusal.ts';
import type { Refusal } from '#domain/refusal.ts';
import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import { isFailure } from '#domain/failure.ts';
import { askForSync } from '#queue/ask.ts';
import type { JobSender } from '#queue/queue.ts';
import { findCredential } from '#credentials/store.ts';
import type { CredentialRow } from '#credentials/store.ts';
import { reachColumns } from '#repositories/candidate.ts';
import { openForgeWith } from '#repositories/open.ts';
import type { OpenDeps } from '#repositories/open.ts';
import { findRemote, forgetReach, forgetRemoteHook, lockRepository, updateRepository } from '#repositories/store.ts';
import type { Checked } from './check.ts';
import { checkTarget } from './check.ts';
import type { Candidate, Chosen } from './store.ts';
import { listCandidates } from './store.ts';

export interface MoveDeps extends OpenDeps {
  readonly database: Database;
  readonly queue: JobSender;
  readonly links: Links;
}

export interface MoveInput {
  /** Id or name of a credential: all that use it. */
  readonly from?: string | undefined;
  /** Or these. */
  readonly repositories?: readonly string[] | undefined;
  readonly to: string;
  readonly dryRun: boolean;
}

/** One repository, as it was or would be moved. */
export interface MovedRepository {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly moves: boolean;
  /** Why it does not. */
  readonly reason: string | null;
  /** What is left to do by hand. */
  readonly warning: string | null;
}

export interface Move {
  readonly dry_run: boolean;
  readonly to: { readonly id: string; readonly name: string; readonly kind: string };
  readonly moved: number;
  readonly repositories: readonly MovedRepository[];
  /** Chosen, and not looked at: call again. */
  readonly left: number;
}

/** Each is tried with a call to the provider, one after the other; more would keep the caller waiting for too long. */
export const MOST_AT_ONCE = 100;
const TRY_WITHIN_MS = 15_000;

/** Gives repositories another credential, each only after that was seen to reach it. A repository that is not reached stays as it is. */
export async function moveRepositories(
  deps: MoveDeps,
  actor: { readonly organizationId: string; readonly userId: string },
  input: MoveInput,
): Promise<Result<Move, Refusal>> {
  const to = await find(deps, actor.organizationId, input.to);
  if (to === undefined) return err(refuseFields({ to: [`There is no credential ${JSON.stringify(input.to)} in this organization.`] }));
  const chosen = await choose(deps, actor.organizationId, input);
  if (!chosen.ok) return chosen;
  const { count, rows } = await listCandidates(deps.database, actor.organizationId, chosen.value, MOST_AT_ONCE);
  const repositories: MovedRepository[] = [];
  for (const candidate of rows) {
    const checked = await checkTarget(deps, candidate, to, AbortSignal.timeout(TRY_WITHIN_MS));
    const warning = checked.is === 'reached' && !input.dryRun ? await move(deps, actor, { candidate, checked, to }) : null;
    const shown = { id: candidate.id, name: candidate.name, url: deps.links.repository(candidate.id) };
    repositories.push({ ...shown, moves: checked.is === 'reached', reason: checked.is === 'reached' ? null : checked.reason, warning });
  }
  const moved = input.dryRun ? 0 : repositories.filter(({ moves }) => moves).length;
  const target = { id: to.id, name: to.name, kind: to.kind };
  return ok({ dry_run: input.dryRun, to: target, moved, repositories, left: Math.max(0, count - rows.length) });
}

async function choose(deps: MoveDeps, organizationId: string, { from, repositories }: MoveInput): Promise<Result<Chosen, Refusal>> {
  if ((from === undefined) === (repositories === undefined))
    return err(refuseFields({ from: ['Give either from, a credential, or repositories, a list of ids.'] }));
  if (repositories !== undefined) return ok({ ids: repositories });
  const credential = await find(deps, organizationId, from ?? '');
  if (credential !== undefined) return ok({ credentialId: credential.id });
  return err(refuseFields({ from: [`There is no credential ${JSON.stringify(from)} in this organization.`] }));
}

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

function find({ database }: MoveDeps, organizationId: string, value: string): Promise<CredentialRow | undefined> {
  return findCredential(database, organizationId, UUID.test(value) ? { id: value.toLowerCase() } : { name: value });
}

interface Moving {
  readonly candidate: Candidate;
  readonly checked: Extract<Checked, { readonly is: 'reached' }>;
  readonly to: CredentialRow;
}

/** Moves one, unless it was changed meanwhile; what is left to do by hand. */
async function move(
  deps: MoveDeps,
  actor: { readonly organizationId: string; readonly userId: string },
  moving: Moving,
): Promise<string | null> {
  const { candidate, checked, to } = moving;
  const { id } = candidate;
  const leavesHook = to.kind === 'app-installation' && candidate.hook_remote_id !== null;
  const isMoved = await deps.database.transaction(async (tx) => {
    if (!(await lockRepository(tx, actor.organizationId, id))) return false;
    const now = await findRemote(tx, id);
    if (now?.credential_id !== candidate.credential_id || now?.remote_url !== candidate.remote_url) return false;
    await updateRepository(tx, id, { ...reachColumns(checked.reach), remote_id: checked.remoteId });
    await forgetReach(tx, id);
    if (leavesHook) await forgetRemoteHook(tx, id);
    await askForSync(deps.queue, tx, { repositoryId: id, reason: 'changed', userId: actor.userId });
    await deps.queue.send(tx, 'register-hook', { repositoryId: id });
    return true;
  });
  if (!isMoved) return 'It was changed by somebody else meanwhile and stays as it is. Move it again.';
  return leavesHook ? removeHook(deps, candidate) : null;
}

/** The App's deliveries take over; the hook would tell everything twice. Only the old credential may remove it. */
async function removeHook(
  deps: MoveDeps,
  { credential_id: credentialId, remote_url: url, hook_remote_id: hookId }: Candidate,
): Promise<string | null> {
  if (credentialId === null || hookId === null) return null;
  try {
    const forge = await openForgeWith(deps, credentialId, url);
    await forge?.api.hooks?.remove(forge.ref, hookId, AbortSignal.timeout(TRY_WITHIN_MS));
    return null;
  } catch (error) {
    if (!isFailure(error)) throw error;
    return `Its webhook at the provider could not be removed: ${error.message} Remove it there, or pushes are told twice.`;
  }
}
