import type { Logger } from 'pino';
import { toFailure } from '#domain/failure.ts';
import type { VerifyDeps } from '#credentials/verify-token.ts';
import { verifyStored } from '#credentials/verify-token.ts';
import { claimChecks } from './store.ts';

export interface CheckDeps extends VerifyDeps {
  readonly log: Logger;
}

/** At a time: enough that one provider that does not answer keeps few others waiting. */
const AT_ONCE = 5;

/**
 * Asks providers about the tokens that are due, until none is: once a day, within the hour where the last one could not be asked, and when
 * a token was refused in use. A check belongs to the process that claimed it, so each token is asked about once, by whichever of them.
 */
export async function checkDue(deps: CheckDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const due = await claimChecks(deps.database, AT_ONCE);
    if (due.length === 0) return;
    await Promise.all(due.map((id) => check(deps, id, signal)));
  }
}

/** One that cannot be checked keeps no other from being: its turn comes again when the claim is over. */
async function check(deps: CheckDeps, credentialId: string, signal: AbortSignal): Promise<void> {
  try {
    const examination = await verifyStored(deps, credentialId, signal);
    if (examination?.is === 'refused')
      deps.log.warn({ credentialId, reason: examination.reason }, 'a Git token is refused by its provider');
    if (examination?.is === 'untold') deps.log.info({ credentialId, reason: examination.reason }, 'a Git token could not be checked');
  } catch (error) {
    if (signal.aborted) return;
    const failure = toFailure(error);
    deps.log.warn({ credentialId, code: failure.code, err: failure.cause ?? failure }, 'a Git token could not be checked');
  }
}
