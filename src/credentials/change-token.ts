import type { Tx } from '#db/database.ts';
import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import { notFound, refuse, refuseFields } from '#domain/refusal.ts';
import type { Refusal } from '#domain/refusal.ts';
import { isRefused, resumedNews } from './checks/news.ts';
import { findUser, recordExamination } from './checks/store.ts';
import { examine } from './examine.ts';
import type { GitToken, GitTokenInput } from './git-token.ts';
import { checkGitToken } from './git-token.ts';
import type { GitTokenDeps, NewGitToken, Owner } from './git-tokens.ts';
import { checkAutomatic, checkProbe, expiry, inUse, nameTaken, reread, seal, serverUrl, toDate, toStored } from './git-tokens.ts';
import type { Examination } from './knowledge.ts';
import { refuseRefused, toKnowledge, updateKnowledge, warningsOf } from './knowledge.ts';
import { resumeRepositories } from './resume.ts';
import { checkNetwork, saveNetwork } from './network/settings.ts';
import { REPLACED } from './rotation/store.ts';
import type { CredentialChange, CredentialRow } from './store.ts';
import { tellOfToken } from './tell.ts';
import type { TakenToken } from './token-source.ts';
import { openToken, takeToken, TOKEN_NEEDED } from './token-source.ts';
import { findGitToken, findSealedCredential, isNameTaken, listRepositoriesUsing, lockOrganization, updateCredential } from './store.ts';

/**
 * Changes what is given. A token is bound to its server: another `url` needs the secret in the same call (SECURITY T24). What changes how
 * the provider is asked is asked anew first; a secret that the provider refuses changes nothing.
 */
export async function changeToken(
  deps: GitTokenDeps,
  { organizationId }: Owner,
  id: string,
  sent: GitTokenInput,
): Promise<Result<GitToken, Refusal>> {
  const before = await findGitToken(deps.database, organizationId, id);
  if (before === undefined) return err(notFound('Git token'));
  const taken = await takeToken(deps, organizationId, sent);
  if (!taken.ok) return taken;
  const input: ReadInput = { ...sent, token: taken.value?.secret, taken: taken.value };
  const checked = checkChange(deps, before, input);
  if (!checked.ok) return checked;
  const examination = asksAnew(before, input) ? await examineChanged(deps, before, checked.value, input) : undefined;
  const refused = examination === undefined ? undefined : refuseRefused(examination);
  if (refused !== undefined) return err(refused);
  return deps.database.transaction(async (tx) => {
    await lockOrganization(tx, organizationId);
    const row = await findGitToken(tx, organizationId, id);
    if (row === undefined) return err(notFound('Git token'));
    if (input.token !== undefined && (row.rotation_state === 'preparing' || row.rotation_state === 'sending')) return err(rotating());
    const change = await toChange(deps, tx, row, input);
    if (!change.ok) return change;
    await updateCredential(tx, id, change.value);
    // Changed by somebody else meanwhile, it is not what was asked about.
    const isSame = row.updated_at.getTime() === before.updated_at.getTime();
    if (examination !== undefined) await keep(tx, { before: row, input, examination: isSame ? examination : CHANGED });
    await saveNetwork(deps, tx, { owner: { credentialId: id }, organizationId, now: deps.now() }, input.network);
    // What the provider could not be asked about may be good as well; what it refuses does not come here.
    if (input.token !== undefined) {
      await resumeRepositories(deps.queue, tx, id);
      if (isRefused(row)) await tellOfToken(deps.queue, tx, row, resumedNews(row));
    }
    return reread(deps, tx, organizationId, id, warningsOf(examination));
  });
}

function rotating(): Refusal {
  return refuse('ROTATION_RUNNING', 'The token is being rotated by its provider.');
}

/** Puts another token in its place, whole: what is not sent goes back to its default. Repositories keep using it. */
export async function replaceToken(deps: GitTokenDeps, owner: Owner, id: string, input: NewGitToken): Promise<Result<GitToken, Refusal>> {
  if (input.token === undefined && input.token_from === undefined) return err(refuseFields({ token: [TOKEN_NEEDED] }));
  const defaults = {
    description: '',
    url: null,
    workspace: null,
    username: null,
    expires_at: null,
    probe_repository: null,
    rotate_before_days: null,
    network: null,
  };
  return changeToken(deps, owner, id, { ...defaults, ...input });
}

/** What was sent, with the token itself read where it is kept elsewhere. */
interface ReadInput extends GitTokenInput {
  readonly taken: TakenToken | undefined;
}

const CHANGED: Examination = {
  is: 'untold',
  reason: 'not_tried',
  detail: 'It was changed twice at once; the provider is asked about it within the hour.',
};

const UNKNOWN: Examination = { is: 'untold', reason: 'not_tried', detail: 'This version does not know the provider.' };

function asksAnew(row: CredentialRow, { token, username, workspace, probe_repository: probe, network }: GitTokenInput): boolean {
  return (
    token !== undefined ||
    network !== undefined ||
    (username !== undefined && username !== row.username) ||
    (workspace !== undefined && workspace !== row.workspace) ||
    (probe !== undefined && probe !== row.probe_repository)
  );
}

/** The fields of a change by themselves; the server that the token is for then. */
function checkChange(deps: GitTokenDeps, row: CredentialRow, input: GitTokenInput): Result<string | null, Refusal> {
  const username = input.username === undefined ? row.username : input.username;
  const workspace = input.workspace === undefined ? row.workspace : input.workspace;
  const errors = {
    ...checkGitToken({ ...input, provider: row.provider, username, workspace }, deps.now()),
    ...checkNetwork(input.network, deps.checkUrl, deps.now()),
  };
  if (input.provider !== undefined && input.provider !== row.provider)
    errors['provider'] = ['Cannot change. Create another token for the other provider.'];
  const url = input.url === undefined ? ok(row.url) : serverUrl(deps, row.provider, input.url);
  if (!url.ok) Object.assign(errors, url.error);
  if (url.ok && url.value !== row.url && input.token === undefined)
    errors['token'] = ['Is needed again to change the url: a token is never sent to another server unasked.'];
  const provider = deps.findProvider(row.provider);
  Object.assign(errors, checkAutomatic(provider, input, isElsewhere(row, input)));
  if (url.ok && url.value !== null && provider !== undefined)
    Object.assign(errors, checkProbe(provider, url.value, input.probe_repository));
  return url.ok && Object.keys(errors).length === 0 ? url : err(refuseFields(errors));
}

async function toChange(deps: GitTokenDeps, tx: Tx, row: CredentialRow, input: ReadInput): Promise<Result<CredentialChange, Refusal>> {
  const url = checkChange(deps, row, input);
  if (!url.ok) return url;
  const name = input.name?.trim();
  if (name !== undefined && (await isNameTaken(tx, row.organization_id, name, row.id))) return err(nameTaken(name));
  const moved = url.value !== row.url;
  if (moved) {
    const users = await listRepositoriesUsing(tx, row.id);
    const left = users.filter((user) => deps.findProvider(row.provider)?.remoteRef(user.remote_url, url.value ?? '') === undefined);
    if (left.length > 0) return err(inUse('would no longer reach', left));
  }
  return ok({
    ...(name === undefined ? {} : { name }),
    ...(input.description === undefined ? {} : { description: input.description }),
    ...(input.workspace === undefined ? {} : { workspace: input.workspace }),
    ...(input.username === undefined ? {} : { username: input.username }),
    ...(input.probe_repository === undefined ? {} : { probe_repository: input.probe_repository }),
    ...(input.rotate_before_days === undefined ? {} : { rotate_before_days: input.rotate_before_days }),
    // The provider knows best.
    ...(input.expires_at === undefined || isTold(row, input) ? {} : expiry(input.expires_at)),
    ...(moved ? { url: url.value } : {}),
    ...(input.taken === undefined
      ? {}
      : {
          sealed_secret: seal(deps, row.organization_id, row.id, input.taken.sealable),
          token_from: toStored(input.taken.source),
          ...REPLACED,
        }),
  });
}

/** After the change. */
function isElsewhere(row: CredentialRow, { token, token_from: source }: GitTokenInput): boolean {
  return source !== undefined || (token === undefined && row.token_from !== null);
}

function isTold({ expiry_source: source }: CredentialRow, { token }: GitTokenInput): boolean {
  return source === 'provider' && token === undefined;
}

/** Asks, with what is stored for all that is not sent. Outside of the transaction, which would wait for the provider. */
async function examineChanged(deps: GitTokenDeps, row: CredentialRow, given: string | null, input: GitTokenInput): Promise<Examination> {
  const { database } = deps;
  const provider = deps.findProvider(row.provider);
  const url = given ?? provider?.defaultUrl;
  const stored = await findSealedCredential(database, row.id);
  if (provider === undefined || url === undefined || stored === undefined) return UNKNOWN;
  const user = await findUser(database, row.id);
  const named = input.probe_repository === undefined ? row.probe_repository : input.probe_repository;
  return examine(deps, provider, {
    url,
    secret: input.token ?? (await openToken(deps, stored)),
    username: (input.username === undefined ? row.username : input.username) ?? undefined,
    workspace: (input.workspace === undefined ? row.workspace : input.workspace) ?? undefined,
    network: await deps.openNetwork({ credentialId: row.id }, input.network),
    ...(input.token === undefined ? { use: { credentialId: row.id, provider, urgency: 'person' as const } } : {}),
    repository: named ?? (user === undefined ? undefined : provider.remoteRef(user.remote_url, url)?.fullName),
  });
}

interface Kept {
  readonly before: CredentialRow;
  readonly input: GitTokenInput;
  readonly examination: Examination;
}

/** Whatever was known of the old secret is not known of the new one. */
async function keep(tx: Tx, { before, input, examination }: Kept): Promise<void> {
  const row = await findGitToken(tx, before.organization_id, before.id);
  const sealed = await findSealedCredential(tx, before.id);
  if (row === undefined || sealed === undefined) return;
  const isNew = input.token !== undefined;
  const told = row.expiry_source === 'user' ? (row.expires_at ?? undefined) : undefined;
  const userExpiry = isNew ? toDate(input.expires_at) : told;
  const writes = (await findUser(tx, before.id))?.writes ?? false;
  const known = { userExpiry, writes };
  const knowledge = isNew ? toKnowledge(examination, known) : updateKnowledge(examination, known, row.state);
  await recordExamination(tx, sealed, examination.is, {
    ...(isNew ? { verified_at: null, ...expiry(input.expires_at ?? null) } : {}),
    ...knowledge,
  });
}
