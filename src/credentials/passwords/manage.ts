import { v7 as newId } from 'uuid';
import type { Tx } from '#db/database.ts';
import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import { notFound, refuse, refuseFields } from '#domain/refusal.ts';
import type { Refusal } from '#domain/refusal.ts';
import type { GitTokenDeps, Owner } from '#credentials/git-tokens.ts';
import { nameTaken, seal, toStored } from '#credentials/git-tokens.ts';
import { checkNetwork, saveNetwork } from '#credentials/network/settings.ts';
import { findNetwork, listNetworks } from '#credentials/network/store.ts';
import { resumeRepositories } from '#credentials/resume.ts';
import { parseServerUrl } from '#credentials/server-url.ts';
import type { CredentialChange, GitTokenQuery, Reader } from '#credentials/store.ts';
import {
  deleteCredential,
  findGitToken,
  insertCredential,
  isNameTaken,
  listGitTokens,
  listRepositoriesUsing,
  lockOrganization,
  updateCredential,
} from '#credentials/store.ts';
import type { TakenToken } from '#credentials/token-source.ts';
import { takeToken } from '#credentials/token-source.ts';
import type { PasswordCredential, PasswordInput } from './password.ts';
import { checkPassword, toPassword } from './password.ts';

const WHAT = 'credential';

export async function listPasswords(deps: GitTokenDeps, { organizationId }: Owner, query: GitTokenQuery) {
  const { count, rows } = await listGitTokens(deps.database, organizationId, query, 'password');
  const ids = rows.map(({ id }) => id);
  const networks = await listNetworks(deps.database, 'credential_id', ids);
  return { count, items: rows.map((row) => toPassword(row, networks.get(row.id))) };
}

export async function readPassword(deps: GitTokenDeps, owner: Owner, id: string): Promise<Result<PasswordCredential, Refusal>> {
  return rereadPassword(deps.database, owner, id);
}

/** A password as it is sent to be kept. */
export type NewPassword = PasswordInput & { readonly name: string; readonly username: string };

/** Seals and keeps it. Whether a server takes it shows at a repository: `verifyPassword`. */
export async function createPassword(deps: GitTokenDeps, owner: Owner, input: NewPassword): Promise<Result<PasswordCredential, Refusal>> {
  const { organizationId } = owner;
  const checked = checkFields(deps, input);
  if (!checked.ok) return checked;
  const taken = await takePassword(deps, owner, input);
  if (!taken.ok) return taken;
  const secret = taken.value;
  if (secret === undefined) return err(refuseFields({ password: ['Is required, or token_from with the place where it is kept.'] }));
  const id = newId();
  const name = input.name.trim();
  return deps.database.transaction(async (tx) => {
    await lockOrganization(tx, organizationId);
    if (await isNameTaken(tx, organizationId, name)) return err(nameTaken(name));
    await insertCredential(tx, {
      id,
      organization_id: organizationId,
      kind: 'password',
      name,
      description: input.description ?? '',
      provider: 'plain',
      url: checked.value ?? null,
      username: input.username,
      ...secretColumns(deps, organizationId, id, secret),
    });
    await saveNetwork(deps, tx, { owner: { credentialId: id }, organizationId, now: deps.now() }, input.network);
    return rereadPassword(tx, owner, id);
  });
}

/** Changes what is given. It is bound to its server: another `url` needs the password in the same call (SECURITY.md T24). */
export async function changePassword(
  deps: GitTokenDeps,
  owner: Owner,
  id: string,
  input: PasswordInput,
): Promise<Result<PasswordCredential, Refusal>> {
  const { organizationId } = owner;
  const checked = checkFields(deps, input);
  if (!checked.ok) return checked;
  const taken = await takePassword(deps, owner, input);
  if (!taken.ok) return taken;
  return deps.database.transaction(async (tx) => {
    await lockOrganization(tx, organizationId);
    const row = await findGitToken(tx, organizationId, id, 'password');
    if (row === undefined) return err(notFound(WHAT));
    const name = input.name?.trim();
    if (name !== undefined && (await isNameTaken(tx, organizationId, name, id))) return err(nameTaken(name));
    const moved = checked.value !== undefined && checked.value !== row.url;
    const refused = moved && row.url !== null ? await refuseMove(tx, id, checked.value, taken.value) : undefined;
    if (refused !== undefined) return err(refused);
    const change: CredentialChange = {
      ...(name === undefined ? {} : { name }),
      ...(input.description === undefined ? {} : { description: input.description }),
      ...(input.username === undefined ? {} : { username: input.username }),
      ...(moved ? { url: checked.value } : {}),
      ...(taken.value === undefined ? {} : { ...secretColumns(deps, organizationId, id, taken.value), ...UNTRIED }),
    };
    await updateCredential(tx, id, change);
    await saveNetwork(deps, tx, { owner: { credentialId: id }, organizationId, now: deps.now() }, input.network);
    if (taken.value !== undefined || input.username !== undefined) await resumeRepositories(deps.queue, tx, id);
    return rereadPassword(tx, owner, id);
  });
}

/** Deletes it. Refused with the list of repositories that use it unless forced; forced, they lose their credential. */
export async function deletePassword(
  deps: GitTokenDeps,
  { organizationId }: Owner,
  id: string,
  options: { readonly force: boolean },
): Promise<Result<undefined, Refusal>> {
  return deps.database.transaction(async (tx) => {
    await lockOrganization(tx, organizationId);
    const row = await findGitToken(tx, organizationId, id, 'password');
    if (row === undefined) return err(notFound(WHAT));
    const users = await listRepositoriesUsing(tx, id);
    if (users.length > 0 && !options.force) return err(usedBy('is used by', users));
    await deleteCredential(tx, { id, reason: `Its credential "${row.name}" was deleted. Give it another one.` });
    return ok(undefined);
  });
}

export async function rereadPassword(
  reader: Reader,
  { organizationId }: Owner,
  id: string,
  warnings: readonly string[] = [],
): Promise<Result<PasswordCredential, Refusal>> {
  const row = await findGitToken(reader, organizationId, id, 'password');
  if (row === undefined) return err(notFound(WHAT));
  return ok(toPassword(row, await findNetwork(reader, { credentialId: id }), warnings));
}

/** The password that was sent, read at once where it is kept elsewhere; undefined where none was. */
export async function takePassword(
  deps: GitTokenDeps,
  { organizationId }: Owner,
  { password, token_from }: Pick<PasswordInput, 'password' | 'token_from'>,
): Promise<Result<TakenToken | undefined, Refusal>> {
  if (password !== undefined && token_from !== undefined)
    return err(refuseFields({ token_from: ['Cannot go with password: send the secret, or where it is kept.'] }));
  return takeToken(deps, organizationId, { token: password, token_from });
}

/** What is wrong with the fields, or the address of the server in its one form. */
function checkFields(deps: GitTokenDeps, input: PasswordInput): Result<string | undefined, Refusal> {
  const url = input.url === undefined ? ok(undefined) : parseServerUrl(input.url, deps.checkUrl);
  const errors = {
    ...checkPassword(input),
    ...(url.ok ? {} : { url: [url.error] }),
    ...checkNetwork(input.network, deps.checkUrl, deps.now()),
  };
  return url.ok && Object.keys(errors).length === 0 ? url : err(refuseFields(errors));
}

async function refuseMove(tx: Tx, id: string, url: string | undefined, taken: TakenToken | undefined): Promise<Refusal | undefined> {
  if (taken === undefined)
    return refuseFields({ password: ['Is needed again to change the url: a password is never sent to another server unasked.'] });
  const origin = new URL(url ?? '').origin;
  const left = (await listRepositoriesUsing(tx, id)).filter((user) => new URL(user.remote_url).origin !== origin);
  return left.length === 0 ? undefined : usedBy('would no longer reach', left);
}

function usedBy(how: string, repositories: readonly { readonly id: string; readonly name: string }[]): Refusal {
  const names = repositories.slice(0, 10).map(({ name }) => name);
  const count = repositories.length === 1 ? 'repository' : `${repositories.length} repositories:`;
  const data = { repositories: repositories.map(({ id, name }) => ({ id, name })) };
  return refuse('IN_USE', `The credential ${how} ${count} ${names.join(', ')}.`, data);
}

/** What was known of the old secret is not known of the new one. */
const UNTRIED: CredentialChange = { state: 'unverified', reason: null, state_detail: null, verified_at: null };

/** Four characters of a short password are half of it. */
const LEAST_FOR_LAST4 = 16;

function secretColumns(deps: GitTokenDeps, organizationId: string, id: string, { secret, sealable, source }: TakenToken) {
  const isHere = source === undefined;
  return {
    sealed_secret: seal(deps, organizationId, id, sealable),
    token_from: toStored(source),
    fingerprint: isHere ? deps.vault.fingerprint(secret, organizationId) : null,
    last4: isHere && secret.length >= LEAST_FOR_LAST4 ? secret.slice(-4) : null,
  };
}
