import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { toFailure } from '#domain/failure.ts';
import type { Failure } from '#domain/failure.ts';
import type { Result } from '#domain/result.ts';
import { err, ok } from '#domain/result.ts';
import type { RotatedToken } from '#domain/token.ts';
import type { Provider } from '#providers/contract.ts';
import { reached } from '#steps/reached.ts';
import { seal } from '#credentials/git-tokens.ts';
import { resumeRepositories } from '#credentials/resume.ts';
import { findSealedCredential, pauseCredential } from '#credentials/store.ts';
import { openToken } from '#credentials/token-source.ts';
import type { VerifyDeps } from '#credentials/verify-token.ts';
import { tellUnknown } from './news.ts';
import { claimRotation, dropRotation, markSending, markUnknown, storeRotated } from './store.ts';

export interface RotateDeps extends VerifyDeps {
  readonly log: Pick<Logger, 'warn' | 'error'>;
}

export interface RotateWish {
  readonly expiresAt?: Date | undefined;
  readonly leastDays?: number | undefined;
}

/** Nothing that was sent is waited for longer; a process that rotates is given up after more than this (sweep.ts). */
const CALL_WITHIN_MS = 60_000;
/** A database that is away keeps a new secret in this process, and nowhere else: it is tried for as long as there is hope. */
const STORE_WITHIN_MS = 5 * 60_000;
const STORE_EVERY_MS = 1_000;

/** How a rotation by the provider ended. `busy`: another one of this token is under way. */
export type RotationOutcome = Result<'rotated', Failure | 'busy' | 'not-possible'>;

/**
 * Has the provider replace a stored token, once, whoever asks in whichever process. The intent is recorded before the call, and the new secret
 * sealed in the transaction that ends it. What is cut off in between leaves the token marked as unknown: it is not tried again, by nobody,
 * until a person has looked.
 */
export async function rotateStored(deps: RotateDeps, id: string, wish: RotateWish): Promise<RotationOutcome> {
  const { database } = deps;
  const found = await findSealedCredential(database, id);
  const provider = found === undefined ? undefined : deps.findProvider(found.provider);
  if (found === undefined || provider?.rotateToken === undefined || found.token_from !== null) return err('not-possible');
  const rotationId = await claimRotation(database, id);
  if (rotationId === undefined) return err('busy');
  const row = await findSealedCredential(database, id);
  if (row === undefined) return err('not-possible');
  reached('rotate.intended');
  const sending = { began: false };
  let rotated: RotatedToken;
  try {
    rotated = await callProvider(deps, provider, row, { rotationId, wish, sending });
  } catch (error) {
    return err(await giveUp(deps, rotationId, toFailure(error), sending.began));
  }
  reached('rotate.answered');
  await keep(deps, rotationId, row.organization_id, { ...rotated, id });
  return ok('rotated');
}

type Row = NonNullable<Awaited<ReturnType<typeof findSealedCredential>>>;

async function callProvider(
  deps: RotateDeps,
  provider: Provider,
  row: Row,
  { rotationId, wish, sending }: { readonly rotationId: string; readonly wish: RotateWish; readonly sending: { began: boolean } },
): Promise<RotatedToken> {
  const url = row.url ?? provider.defaultUrl ?? '';
  const connection = {
    url,
    username: row.username ?? undefined,
    secret: await openToken(deps, row),
    workspace: row.workspace ?? undefined,
    fetch: deps.through(await deps.openNetwork({ credentialId: row.id })),
    onLimited: (ms: number) => pauseCredential(deps.database, row.id, 'api', ms),
  };
  const rotation = {
    expiresAt: wish.expiresAt,
    leastDays: wish.leastDays ?? 0,
    onSending: async () => {
      if (!(await markSending(deps.database, rotationId))) throw new Error('the rotation was given up before anything was sent');
      sending.began = true;
      reached('rotate.sending');
    },
  };
  // Not the signal of a process that stops: what was sent is waited for.
  const rotated = await provider.rotateToken?.(connection, rotation, AbortSignal.timeout(CALL_WITHIN_MS));
  if (rotated === undefined) throw new Error('the provider rotates no tokens');
  return rotated;
}

/** Certain noes leave the token as it was. Anything else that happened after the request was sent leaves it unknown. */
async function giveUp(deps: RotateDeps, rotationId: string, failure: Failure, began: boolean): Promise<Failure> {
  const isCertain = !began || (failure.code !== 'ROTATION_UNKNOWN' && failure.code !== 'INTERNAL');
  if (isCertain) {
    await dropRotation(deps.database, rotationId);
    return failure;
  }
  await deps.database.transaction(async (tx) => {
    const marked = await markUnknown(tx, { rotationId }, UNKNOWN_DETAIL);
    for (const token of marked) await tellUnknown(deps.queue, tx, token);
  });
  deps.log.error({ rotationId, code: failure.code }, 'nobody knows whether a token was rotated: a person must look');
  return failure;
}

export const UNKNOWN_DETAIL =
  'Nobody knows whether the provider has rotated the token: the connection or the process ended before its answer was kept. It is not used until ' +
  'somebody replaces it by a new one, or sees at the provider that the old one is still active and verifies it here.';

interface NewSecret extends RotatedToken {
  readonly id: string;
}

/** The one copy of the new secret is here until this has worked. */
async function keep(deps: RotateDeps, rotationId: string, organizationId: string, { id, secret, expiresAt }: NewSecret): Promise<void> {
  const sealed = seal(deps, organizationId, id, secret);
  const until = performance.now() + STORE_WITHIN_MS;
  for (;;) {
    try {
      await deps.database.transaction(async (tx) => {
        const stored = await storeRotated(tx, rotationId, { sealed, expiresAt });
        if (stored !== undefined) await resumeRepositories(deps.queue, tx, id);
      });
      reached('rotate.stored');
      return;
    } catch (error) {
      if (performance.now() > until) throw error;
      deps.log.warn({ rotationId, err: error }, 'a rotated token could not be stored yet, it is tried again');
      await sleep(STORE_EVERY_MS);
    }
  }
}
