import type { Tx } from '#db/database.ts';
import type { Refusal } from '#domain/refusal.ts';
import { notFound, refuse, refuseFields } from '#domain/refusal.ts';
import type { Result } from '#domain/result.ts';
import { err, ok } from '#domain/result.ts';
import type { Capabilities } from '#domain/token.ts';
import { CAPABILITIES } from '#domain/token.ts';
import { findUser, recordExamination } from '#credentials/checks/store.ts';
import { isRefused, resumedNews } from '#credentials/checks/news.ts';
import { examine } from '#credentials/examine.ts';
import type { GitToken } from '#credentials/git-token.ts';
import { checkGitToken, toKnownToken } from '#credentials/git-token.ts';
import type { GitTokenDeps, Owner } from '#credentials/git-tokens.ts';
import { expiry, reread, seal, toDate, toStored } from '#credentials/git-tokens.ts';
import type { Examination } from '#credentials/knowledge.ts';
import { refuseRefused, toKnowledge, warningsOf } from '#credentials/knowledge.ts';
import { resumeRepositories } from '#credentials/resume.ts';
import type { CredentialRow } from '#credentials/store.ts';
import { findGitToken, findSealedCredential, lockOrganization, nameRepositoriesUsing } from '#credentials/store.ts';
import { tellOfToken } from '#credentials/tell.ts';
import type { SentToken } from '#credentials/token-source.ts';
import { openToken, requireToken, sourceOf } from '#credentials/token-source.ts';
import { endGuided, putSecretBack, storeSubmitted } from './store.ts';

/** The new secret as it is sent. */
export interface Submission extends SentToken {
  readonly expires_at?: string | null | undefined;
  /** It may be less than the old one. */
  readonly accept_losses?: boolean | undefined;
}

/** A rotation that nobody confirms keeps the old secret no longer. */
const KEPT_MS = 30 * 24 * 3_600_000;

/**
 * Takes the new secret of a guided rotation: asked about first, compared with the old one, then used. The old one is kept sealed, to be put
 * back, until somebody confirms. One that may less is refused with what it loses, unless that is accepted.
 */
export async function submitRotation(
  deps: GitTokenDeps,
  { organizationId }: Owner,
  id: string,
  sent: Submission,
): Promise<Result<GitToken, Refusal>> {
  const before = await findGitToken(deps.database, organizationId, id);
  if (before === undefined) return err(notFound('Git token'));
  if (before.rotation_state !== 'guided') return err(notBegun(before));
  const taken = await requireToken(deps, organizationId, sent);
  if (!taken.ok) return taken;
  const { secret, sealable, source } = taken.value;
  const { provider, username, workspace } = before;
  const errors = checkGitToken({ token: secret, expires_at: sent.expires_at, provider, username, workspace }, deps.now());
  if (Object.keys(errors).length > 0) return err(refuseFields(errors));
  const examination = await examineNew(deps, before, secret);
  const refused = refuseRefused(examination) ?? (sent.accept_losses === true ? undefined : refuseLosses(deps, before, examination));
  if (refused !== undefined) return err(refused);
  return deps.database.transaction(async (tx) => {
    await lockOrganization(tx, organizationId);
    const row = await findGitToken(tx, organizationId, id);
    const stored = await findSealedCredential(tx, id);
    if (row === undefined || stored === undefined) return err(notFound('Git token'));
    if (row.rotation_state !== 'guided') return err(notBegun(row));
    const sealed = seal(deps, organizationId, id, sealable);
    const previous = move(deps, stored, 'secret', 'previous_secret');
    await storeSubmitted(tx, id, { sealed, tokenFrom: toStored(source), previous, keptMs: KEPT_MS });
    const known = { userExpiry: toDate(sent.expires_at), writes: (await findUser(tx, id))?.writes ?? false };
    const knowledge = { verified_at: null, ...expiry(sent.expires_at ?? null), ...toKnowledge(examination, known) };
    await recordExamination(tx, { id, sealed_secret: sealed }, examination.is, knowledge);
    await resumeRepositories(deps.queue, tx, id);
    if (isRefused(row)) await tellOfToken(deps.queue, tx, row, resumedNews(row));
    return reread(deps, tx, organizationId, id, warningsOf(examination));
  });
}

/** What confirming came to: what is in use now, and what becomes of the old secret. */
export interface Confirmation {
  readonly token: GitToken;
  /** Repositories that use the new secret. */
  readonly repositories: readonly { readonly id: string; readonly name: string }[];
  readonly repositories_count: number;
  readonly previous: {
    /** `still_valid`: whoever else has it goes on with it until it is revoked. */
    readonly state: 'revoked' | 'still_valid' | 'unknown';
    readonly detail: string;
    readonly revoke_url: string | null;
  };
}

/** Ends a guided rotation: the old secret is asked about a last time and forgotten here. Where it lives on, a person revokes it. */
export async function confirmRotation(deps: GitTokenDeps, { organizationId }: Owner, id: string): Promise<Result<Confirmation, Refusal>> {
  const { database } = deps;
  const before = await findGitToken(database, organizationId, id);
  if (before === undefined) return err(notFound('Git token'));
  if (before.rotation_state !== 'submitted') return err(notBegun(before));
  const previous = await askAboutPrevious(deps, before);
  return database.transaction(async (tx) => {
    await lockOrganization(tx, organizationId);
    const row = await findGitToken(tx, organizationId, id);
    if (row === undefined) return err(notFound('Git token'));
    if (row.rotation_state !== 'submitted') return err(notBegun(row));
    await endGuided(tx, id);
    const { names, count } = await nameRepositoriesUsing(tx, id);
    const token = await reread(deps, tx, organizationId, id, []);
    return token.ok ? ok({ token: token.value, repositories: names, repositories_count: count, previous }) : token;
  });
}

/** Gives a guided rotation up. Where a new secret is in use already, the old one is put back in its place. */
export async function cancelRotation(deps: GitTokenDeps, { organizationId }: Owner, id: string): Promise<Result<GitToken, Refusal>> {
  return deps.database.transaction(async (tx) => {
    await lockOrganization(tx, organizationId);
    const row = await findGitToken(tx, organizationId, id);
    const stored = await findSealedCredential(tx, id);
    if (row === undefined || stored === undefined) return err(notFound('Git token'));
    if (row.rotation_state !== 'guided' && row.rotation_state !== 'submitted') return err(notBegun(row));
    if (stored.sealed_previous_secret !== null) await putBack(deps, tx, stored);
    await endGuided(tx, id);
    return reread(deps, tx, organizationId, id, []);
  });
}

type Stored = NonNullable<Awaited<ReturnType<typeof findSealedCredential>>>;

/** Nothing is known of it but that it was good when it was replaced; it is asked about soon. */
async function putBack(deps: GitTokenDeps, tx: Tx, stored: Stored): Promise<void> {
  const sealed = move(deps, stored, 'previous_secret', 'secret');
  await putSecretBack(tx, stored.id, { sealed, tokenFrom: toStored(sourceOf(deps.vault, { ...stored, sealed_secret: sealed })) });
  await resumeRepositories(deps.queue, tx, stored.id);
}

/** From one place of the row to another: what is sealed is bound to its place. */
function move(deps: GitTokenDeps, row: Stored, from: 'secret' | 'previous_secret', to: 'secret' | 'previous_secret'): Uint8Array {
  const place = { table: 'credentials', rowId: row.id, organizationId: row.organization_id } as const;
  const sealed = from === 'secret' ? row.sealed_secret : (row.sealed_previous_secret ?? new Uint8Array());
  return deps.vault.seal(deps.vault.open(sealed, { ...place, field: from }), { ...place, field: to });
}

async function connectionOf(deps: GitTokenDeps, row: CredentialRow, url: string) {
  const network = await deps.openNetwork({ credentialId: row.id });
  return { url, username: row.username ?? undefined, workspace: row.workspace ?? undefined, network };
}

async function examineNew(deps: GitTokenDeps, row: CredentialRow, secret: string): Promise<Examination> {
  const provider = deps.findProvider(row.provider);
  const url = row.url ?? provider?.defaultUrl;
  if (provider === undefined || url === undefined)
    return { is: 'untold', reason: 'not_tried', detail: 'This version does not know the provider.' };
  const user = await findUser(deps.database, row.id);
  const used = user === undefined ? undefined : provider.remoteRef(user.remote_url, url)?.fullName;
  return examine(deps, provider, { ...(await connectionOf(deps, row, url)), secret, repository: row.probe_repository ?? used });
}

/** What the old one could and the new one certainly cannot. One that could not be asked about may be anything. */
function refuseLosses(deps: GitTokenDeps, row: CredentialRow, examination: Examination): Refusal | undefined {
  if (examination.is === 'untold') {
    const lost = [{ capability: 'all', detail: examination.detail }];
    return refuse('ROTATION_LOSES', `The new token could not be verified: ${examination.detail}`, { lost });
  }
  if (examination.is === 'refused') return undefined;
  const had: Capabilities = toKnownToken(row, deps.now()).capabilities;
  const { capabilities, missing } = examination.report;
  const lost = CAPABILITIES.filter((name) => ['verified', 'probable'].includes(had[name].state) && capabilities[name].state === 'denied');
  if (lost.length === 0) return undefined;
  return refuse('ROTATION_LOSES', `The new token may not do what the old one may: ${lost.join(', ')}.`, {
    lost: lost.map((capability) => ({ capability, detail: capabilities[capability].detail })),
    missing,
  });
}

async function askAboutPrevious(deps: GitTokenDeps, row: CredentialRow): Promise<Confirmation['previous']> {
  const provider = deps.findProvider(row.provider);
  const url = row.url ?? provider?.defaultUrl ?? '';
  const page = provider?.guideRotation?.(url, row.token_kind).revoke_url ?? null;
  const stored = await findSealedCredential(deps.database, row.id);
  if (provider === undefined || stored?.sealed_previous_secret == null)
    return { state: 'unknown', detail: 'The old token is not kept any more.', revoke_url: page };
  const sealed = move(deps, stored, 'previous_secret', 'secret');
  const secret = await openToken(deps, { ...stored, sealed_secret: sealed });
  const examination = await examine(deps, provider, { ...(await connectionOf(deps, row, url)), secret, repository: undefined });
  if (examination.is === 'refused') return { state: 'revoked', detail: 'The provider takes the old token no more.', revoke_url: null };
  if (examination.is === 'untold')
    return { state: 'unknown', detail: `Whether the old token lives is not known: ${examination.detail}`, revoke_url: page };
  const detail =
    'Nothing here uses the old token any more. It is still valid at the provider: revoke it there. Whoever else has it loses access then.';
  return { state: 'still_valid', detail, revoke_url: page };
}

function notBegun({ rotation_state: state }: CredentialRow): Refusal {
  if (state === 'preparing' || state === 'sending') return refuse('ROTATION_RUNNING', 'The token is being rotated by its provider.');
  if (state === 'unknown') return refuse('ROTATION_UNKNOWN', 'Nobody knows whether the provider has rotated the token.');
  if (state === 'submitted') return refuse('ROTATION_FAILED', 'A new token is in use already: confirm it, or put the old one back.');
  return refuse('ROTATION_FAILED', 'No rotation of the token has been begun that this could be a step of.');
}
