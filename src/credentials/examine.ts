import type { Failure } from '#domain/failure.ts';
import { isFailure } from '#domain/failure.ts';
import type { FailureCode } from '#domain/failure-codes.ts';
import type { Network } from '#domain/network.ts';
import type { TokenReason } from '#domain/token.ts';
import type { ForgeConnection, Provider } from '#providers/contract.ts';
import type { BudgetUse, OpenFetch } from './budget/keep-budget.ts';
import { cleanReport, createCleaner } from './clean-report.ts';
import type { Examination } from './knowledge.ts';

/** A token as it would be used. */
export type ExaminedToken = Pick<ForgeConnection, 'url' | 'username' | 'secret' | 'workspace' | 'onLimited'> & {
  readonly network: Network | undefined;
  /** Whose budget it goes by; a token that is not stored has none that is known. */
  readonly use?: BudgetUse;
  /** Full name of the repository to ask about; undefined: one that the token reaches. */
  readonly repository: string | undefined;
};

export interface ExamineDeps {
  /** Every call to a provider goes through this. */
  readonly through: OpenFetch;
}

/** Somebody waits for the answer; GitHub's own limit for a request is 10 s, and most kinds of token take two or three. */
const WITHIN_MS = 30_000;

/** Asks the provider about a token. Nothing is stored, and nothing that the provider may do is thrown; `stopping` is. */
export async function examine(deps: ExamineDeps, provider: Provider, token: ExaminedToken, stopping?: AbortSignal): Promise<Examination> {
  if (provider.verifyToken === undefined)
    return { is: 'untold', reason: 'not_tried', detail: 'This version cannot ask the provider about tokens.' };
  const { repository, network, use, ...connection } = token;
  const clean = createCleaner(token.secret);
  const late = AbortSignal.timeout(WITHIN_MS);
  const signal = stopping === undefined ? late : AbortSignal.any([late, stopping]);
  try {
    const report = await provider.verifyToken({ ...connection, fetch: deps.through(network, use) }, repository, signal);
    return { is: 'told', report: cleanReport(report, clean) };
  } catch (error) {
    // What a call that was broken off says is not what the provider said.
    if (stopping?.aborted === true) throw stopping.reason;
    if (isFailure(error)) return fromFailure(error, clean);
    if (!late.aborted) throw error;
    return { is: 'untold', reason: 'unreachable', detail: `The provider did not answer within ${WITHIN_MS / 1_000} s.` };
  }
}

/** Why the provider could not say. Every other code is something wrong with the provider. */
const UNTOLD: Partial<Record<FailureCode, TokenReason>> = {
  RATE_LIMITED: 'rate_limited',
  CONNECTION_FAILED: 'unreachable',
  TLS_UNTRUSTED: 'tls_untrusted',
  POLICY_DENIED: 'address_not_allowed',
  WRONG_SERVER: 'wrong_server',
  PERM_MISSING: 'forbidden',
};

function fromFailure({ code, message: said, help }: Failure, clean: (text: string) => string): Examination {
  const message = clean(said);
  if (code === 'AUTH_EXPIRED') return { is: 'refused', state: 'expired', reason: 'expired', detail: message };
  if (code === 'AUTH_REVOKED') return { is: 'refused', state: 'revoked', reason: 'revoked', detail: message };
  if (code === 'AUTH_FAILED') {
    const detail = `${message} It is wrong, was revoked or has ended; the provider does not say which.`;
    return { is: 'refused', state: 'revoked', reason: 'bad_credentials', detail };
  }
  return { is: 'untold', reason: UNTOLD[code] ?? 'provider_failed', detail: `${message} ${help}` };
}
