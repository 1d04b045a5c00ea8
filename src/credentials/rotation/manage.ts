import type { Failure } from '#domain/failure.ts';
import type { Refusal } from '#domain/refusal.ts';
import { notFound, refuse, refuseFields } from '#domain/refusal.ts';
import type { Result } from '#domain/result.ts';
import { err, ok } from '#domain/result.ts';
import type { GitTokenDeps, Owner } from '#credentials/git-tokens.ts';
import { toDate } from '#credentials/git-tokens.ts';
import { verifyStored } from '#credentials/verify-token.ts';
import { checkGitToken } from '#credentials/git-token.ts';
import { findGitToken } from '#credentials/store.ts';
import type { RotateDeps } from './rotate.ts';
import { UNKNOWN_DETAIL, rotateStored } from './rotate.ts';
import { beginGuided } from './store.ts';
import type { Rotation } from './view.ts';
import { isByProvider, toRotation } from './view.ts';

export type RotationDeps = GitTokenDeps & Pick<RotateDeps, 'log'>;

export interface RotationWish {
  /** A person replaces it, although the provider could. */
  readonly guided?: boolean | undefined;
  /** When the new token is to end; as long after today as the old one lasted unless said. */
  readonly expires_at?: string | undefined;
}

/** How far the rotation of a token has come, and what comes next. */
export async function readRotation(deps: GitTokenDeps, { organizationId }: Owner, id: string): Promise<Result<Rotation, Refusal>> {
  const row = await findGitToken(deps.database, organizationId, id);
  return row === undefined ? err(notFound('Git token')) : ok(toRotation(row, deps.findProvider(row.provider)));
}

/** Has the provider replace a token, or begins its replacement by a person where it does not. */
export async function startRotation(deps: RotationDeps, owner: Owner, id: string, wish: RotationWish): Promise<Result<Rotation, Refusal>> {
  const row = await findGitToken(deps.database, owner.organizationId, id);
  if (row === undefined) return err(notFound('Git token'));
  const errors = checkGitToken({ expires_at: wish.expires_at }, deps.now());
  if (Object.keys(errors).length > 0) return err(refuseFields(errors));
  if (wish.guided === true || !isByProvider(row, deps.findProvider(row.provider))) {
    const begun = await deps.database.transaction((tx) => beginGuided(tx, id));
    return begun ? readRotation(deps, owner, id) : err(busy(row.rotation_state));
  }
  const outcome = await rotateStored(deps, id, { expiresAt: toDate(wish.expires_at) });
  if (!outcome.ok) {
    const now = await findGitToken(deps.database, owner.organizationId, id);
    return err(outcome.error === 'busy' || outcome.error === 'not-possible' ? busy(now?.rotation_state ?? null) : toRefusal(outcome.error));
  }
  // What the new one may do is shown at once; where the provider cannot say now, a worker asks again.
  await verifyStored(deps, id);
  return readRotation(deps, owner, id);
}

function busy(state: string | null): Refusal {
  if (state === 'unknown') return refuse('ROTATION_UNKNOWN', UNKNOWN_DETAIL);
  if (state === 'guided' || state === 'submitted')
    return refuse('ROTATION_FAILED', 'A person is replacing the token: confirm that, or give it up, first.');
  return refuse('ROTATION_RUNNING', 'The token is being rotated already.');
}

function toRefusal({ code, message, help }: Failure): Refusal {
  if (code === 'ROTATION_UNKNOWN' || code === 'INTERNAL') return refuse('ROTATION_UNKNOWN', UNKNOWN_DETAIL);
  return refuse('ROTATION_FAILED', `${message} ${help}`, { reason: code });
}
