import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import type { Refusal } from '#domain/refusal.ts';
import { notFound } from '#domain/refusal.ts';
import type { ProviderId } from '#domain/words.ts';
import { examine } from './examine.ts';
import type { GitToken, GitTokenInput, KnownToken } from './git-token.ts';
import { toKnownToken } from './git-token.ts';
import type { GitTokenDeps, Owner } from './git-tokens.ts';
import { checkNew, reachOf, reread, toDate } from './git-tokens.ts';
import type { Examination } from './knowledge.ts';
import { toKnowledge, updateKnowledge, warningsOf } from './knowledge.ts';
import { isRefused, tellOfChange } from './checks/news.ts';
import { findUser, holdToken, lookAfterHooks, recordExamination } from './checks/store.ts';
import { resumeRepositories } from './resume.ts';
import { isUnusable, settleUnknown } from './rotation/store.ts';
import { openToken, requireToken } from './token-source.ts';
import { findGitToken, findSealedCredential, pauseCredential } from './store.ts';

/** What is known of a token that is not saved. */
export interface VerifiedToken extends KnownToken {
  readonly provider: ProviderId;
  readonly url: string;
  readonly workspace: string | null;
  readonly verified_at: string | null;
  /** The repository that was asked about. */
  readonly probed_repository: string | null;
}

/** Asks the provider about a token without saving it; what the provider makes of it is the answer, a refusal too. */
export async function tryToken(
  deps: GitTokenDeps,
  { organizationId }: Owner,
  input: GitTokenInput & { readonly provider: ProviderId },
): Promise<Result<VerifiedToken, Refusal>> {
  const checked = checkNew(deps, input);
  if (!checked.ok) return checked;
  const { provider, url } = checked.value;
  const taken = await requireToken(deps, organizationId, input);
  if (!taken.ok) return taken;
  const { secret } = taken.value;
  const network = await deps.openNetwork({}, input.network);
  const examination = await examine(deps, provider, { ...reachOf(input), url, secret, network });
  const now = deps.now();
  const known = toKnownToken(toKnowledge(examination, { userExpiry: toDate(input.expires_at), writes: false }), now);
  const verified_at = examination.is === 'told' ? now.toISOString() : null;
  const repository = examination.is === 'told' ? (examination.report.repository ?? null) : null;
  return ok({ provider: input.provider, url, workspace: input.workspace ?? null, ...known, verified_at, probed_repository: repository });
}

/** Asks the provider about a stored token now, and keeps what it says. */
export async function verifyToken(deps: GitTokenDeps, { organizationId }: Owner, id: string): Promise<Result<GitToken, Refusal>> {
  if ((await findGitToken(deps.database, organizationId, id)) === undefined) return err(notFound('Git token'));
  const examination = await verifyStored(deps, id);
  return reread(deps, deps.database, organizationId, id, warningsOf(examination));
}

export type VerifyDeps = Pick<
  GitTokenDeps,
  'database' | 'queue' | 'vault' | 'findProvider' | 'openNetwork' | 'through' | 'readTokenSource'
>;

/** The same for whoever has the id; undefined where there is nothing to ask. Replaced meanwhile, what was asked is not kept. */
export async function verifyStored(deps: VerifyDeps, id: string, stopping?: AbortSignal): Promise<Examination | undefined> {
  const { database } = deps;
  const row = await findSealedCredential(database, id);
  const provider = row?.provider === undefined ? undefined : deps.findProvider(row.provider);
  const url = row?.url ?? provider?.defaultUrl;
  if (row === undefined || provider === undefined || url === undefined) return undefined;
  const user = await findUser(database, id);
  const used = user === undefined ? undefined : provider.remoteRef(user.remote_url, url)?.fullName;
  const examination: Examination =
    row.rotation_state === 'preparing' || row.rotation_state === 'sending'
      ? { is: 'untold', reason: 'not_tried', detail: 'The token is being rotated.' }
      : row.paused_ms > 0
        ? { is: 'untold', reason: 'rate_limited', detail: 'The provider has asked for fewer requests with this token.' }
        : await examine(
            deps,
            provider,
            {
              url,
              username: row.username ?? undefined,
              workspace: row.workspace ?? undefined,
              secret: await openToken(deps, row),
              network: await deps.openNetwork({ credentialId: id }),
              use: { credentialId: id, provider, urgency: stopping === undefined ? 'person' : 'background' },
              repository: row.probe_repository ?? used,
              onLimited: (ms) => pauseCredential(database, id, 'api', ms),
            },
            stopping,
          );
  const userExpiry = row.expiry_source === 'user' ? (row.expires_at ?? undefined) : undefined;
  const known = { userExpiry, writes: user?.writes ?? false };
  await database.transaction(async (tx) => {
    const before = await holdToken(tx, id, row.sealed_secret);
    // Replaced meanwhile.
    if (before === undefined) return;
    // Nothing but an answer settles whether it was rotated.
    if (examination.is === 'untold' && isUnusable(before)) return;
    await settleUnknown(tx, id);
    await recordExamination(tx, row, examination.is, updateKnowledge(examination, known, before.state));
    if (examination.is === 'told') await lookAfterHooks(tx, id);
    await tellOfChange(deps.queue, tx, before, examination);
    if (isRefused(before) && examination.is === 'told') await resumeRepositories(deps.queue, tx, id);
  });
  return examination;
}
