import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Database } from '#db/database.ts';
import { Failure, toFailure } from '#domain/failure.ts';
import type { FailureCode } from '#domain/failure-codes.ts';
import { operationalStateOf } from '#domain/failure-codes.ts';
import type { Remote } from '#domain/remote.ts';
import type { Git } from '#git/context.ts';
import type { TrackedRef } from '#git/tracked-ref.ts';
import { lookAtRef } from '#git/tracked-ref.ts';
import type { JobSender } from '#queue/queue.ts';
import { askForSync } from '#queue/ask.ts';
import type { Verdict } from './decide.ts';
import { ABSENT, decide } from './decide.ts';
import type { Pace } from './pace.ts';
import { CONFIRM_MS, LOOK_AT_FAILING_MS, LOOK_WITHIN_MS, SPREAD_MS, backOffMs, delayMs } from './pace.ts';
import type { DueRepository, Settled } from './store.ts';
import { noteMissed, settle } from './store.ts';
import { noteHostAnswers, noteHostFails, pauseHost } from './hosts/store.ts';

export interface LookDeps {
  readonly database: Database;
  readonly queue: JobSender;
  readonly git: Git;
  readonly log: Logger;
  readonly pace: Pace;
  /** Address and access of a repository now, vetted anew. */
  readonly openRemote: (repositoryId: string) => Promise<Remote>;
  /** Git was told to make fewer requests with the repository's credential; for how many milliseconds none are made. */
  readonly pauseGit: (repositoryId: string) => Promise<number>;
}

/** Failures that say nothing of the repository: its server did not answer, or not as one. */
const UNREACHABLE: readonly FailureCode[] = ['CONNECTION_FAILED', 'CLONE_TIMEOUT', 'PROVIDER_FAILED'];
/** A delivery that is merely late is not looked for at the provider. */
const AUDIT_AFTER_MISS_MS = 60_000;

/**
 * Looks at one repository's remote: one `ls-remote`. A sync is asked for only where that shows something new, or shows that what made
 * the last run fail is over. When nothing is new, nothing is written: the next look was planned when this one was taken.
 */
export async function look(deps: LookDeps, due: DueRepository, stopping: AbortSignal): Promise<void> {
  await sleep(due.startInMs, undefined, { signal: stopping });
  const limit = AbortSignal.timeout(LOOK_WITHIN_MS);
  let seen: TrackedRef;
  try {
    const remote = await deps.openRemote(due.id);
    seen = await lookAtRef(deps.git, remote, due.ref, AbortSignal.any([stopping, limit]));
  } catch (error) {
    if (stopping.aborted) throw error;
    await fail(deps, due, limit.aborted ? slow(error) : toFailure(error));
    return;
  }
  if (due.hostFailing) await noteHostAnswers(deps.database, due.host, UNREACHABLE, SPREAD_MS);
  const verdict = decide(seen, due);
  // A branch that is still gone after an outage: the run says so again, in place of the outage.
  const again = !verdict.ask && seen.is === 'absent' && isLookedAway(due);
  await succeed(deps, due, again ? { ask: true, seen: ABSENT, trial: true } : verdict);
}

async function succeed(deps: LookDeps, due: DueRepository, verdict: Verdict): Promise<void> {
  const failures = verdict.ask && verdict.trial ? due.failures + 1 : 0;
  const next = failures > 0 ? backOffMs(deps.pace.baseMs, failures) : delayMs(due.relaxed ? deps.pace.relaxedMs : deps.pace.baseMs);
  const settled: Settled = {
    ...(failures === due.failures ? {} : { failures }),
    // What was planned when it was taken, unless that was for the time that a look may take.
    ...(failures > 0 || due.failures > 0 || next < LOOK_WITHIN_MS ? { nextInMs: next } : {}),
    ...(due.notFoundForMs === undefined ? {} : { notFound: false }),
    // What a run said of content or limits is for the next run to take back.
    ...(isLookedAway(due) ? { operational: { state: 'online' as const } } : {}),
  };
  if (!verdict.ask) {
    if (Object.keys(settled).length > 0) await settle(deps.database, due.id, settled);
    return;
  }
  await deps.database.transaction(async (tx) => {
    const { joined } = await askForSync(deps.queue, tx, { repositoryId: due.id, reason: 'poll' });
    await settle(tx, due.id, { ...settled, asked: verdict.seen });
    if (due.hookId !== null && due.commit !== null && !verdict.trial && !joined) await noteMissed(tx, due.hookId, AUDIT_AFTER_MISS_MS);
  });
}

/** Whether the state that the repository shows is one that a look that succeeds ends. */
function isLookedAway({ operationalCode, operationalState }: DueRepository): boolean {
  return operationalState === 'error-connection' || operationalState === 'error-cred' || ENDED_BY_LOOK.has(operationalCode ?? '');
}

const ENDED_BY_LOOK: ReadonlySet<string> = new Set<FailureCode>(['REPO_NOT_FOUND', 'REPO_GONE', 'REPO_MOVED', 'POLICY_DENIED']);

async function fail(deps: LookDeps, due: DueRepository, failure: Failure): Promise<void> {
  const { database, pace } = deps;
  deps.log.debug({ err: failure.cause ?? failure, code: failure.code, repositoryId: due.id }, 'a look at a remote failed');
  if (failure.code === 'REPOSITORY_GONE') return;
  if (failure.code === 'RATE_LIMITED') {
    // Not a failure of the repository: it is looked at again when its credential may be used again. Known waits are paused already.
    const waitMs = failure.retryAfterMs ?? (await deps.pauseGit(due.id));
    if (failure.retryAfterMs === undefined && due.credentialId === null) await pauseHost(database, due.host, waitMs);
    await settle(database, due.id, { nextInMs: waitMs + delayMs(pace.baseMs) });
    return;
  }
  const unreachable = UNREACHABLE.includes(failure.code);
  if (unreachable && !due.hostFailing) await noteHostFails(database, due.host, LOOK_AT_FAILING_MS);
  if (!unreachable && due.hostFailing) await noteHostAnswers(database, due.host, UNREACHABLE, SPREAD_MS);
  const failures = due.failures + 1;
  const backOff = backOffMs(pace.baseMs, failures);
  if (failure.code === 'REPO_NOT_FOUND' || failure.code === 'REPO_MOVED') {
    await lost(deps, due, failure, { failures, nextInMs: Math.max(backOff, CONFIRM_MS) });
    return;
  }
  await settle(database, due.id, {
    failures,
    nextInMs: backOff,
    operational: { state: operationalStateOf(failure.code) ?? 'error-connection', code: failure.code, reason: failure.message },
  });
}

/** A run can look for it elsewhere. One answer "not found" may be a fault of the server's: only the second, a minute later, counts. */
async function lost({ database, queue }: LookDeps, due: DueRepository, failure: Failure, next: Settled): Promise<void> {
  const isMissing = failure.code === 'REPO_NOT_FOUND';
  const settled: Settled = { ...next, ...(isMissing ? { notFound: true } : {}) };
  const isKnown = due.errorCode === 'REPO_GONE' || due.errorCode === 'REPO_REPLACED' || due.asked === failure.code;
  if (isKnown || (isMissing && (due.notFoundForMs ?? 0) < CONFIRM_MS)) {
    await settle(database, due.id, settled);
    return;
  }
  await database.transaction(async (tx) => {
    await askForSync(queue, tx, { repositoryId: due.id, reason: 'poll' });
    await settle(tx, due.id, { ...settled, asked: failure.code });
  });
}

function slow(cause: unknown): Failure {
  return new Failure('CLONE_TIMEOUT', { message: `The Git server did not answer within ${LOOK_WITHIN_MS / 1_000} s.`, cause });
}
