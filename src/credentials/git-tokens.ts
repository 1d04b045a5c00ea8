import { v7 as newId } from 'uuid';
import type { Database, Tx } from '#db/database.ts';
import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import { notFound, refuse, refuseFields } from '#domain/refusal.ts';
import type { Refusal } from '#domain/refusal.ts';
import type { ProviderId } from '#domain/words.ts';
import type { Provider } from '#providers/contract.ts';
import type { GitToken, GitTokenInput } from './git-token.ts';
import { checkGitToken, toGitToken } from './git-token.ts';
import type { CheckUrl } from './server-url.ts';
import { parseServerUrl } from './server-url.ts';
import type { CredentialChange, CredentialRow, GitTokenQuery } from './store.ts';
import {
  deleteCredential,
  findGitToken,
  insertCredential,
  isNameTaken,
  listGitTokens,
  listRepositoriesUsing,
  lockOrganization,
  updateCredential,
} from './store.ts';
import type { Vault } from './vault.ts';

export interface GitTokenDeps {
  readonly database: Database;
  readonly vault: Vault;
  readonly checkUrl: CheckUrl;
  readonly findProvider: (id: string) => Provider | undefined;
  readonly now: () => Date;
}

interface Owner {
  readonly organizationId: string;
}

export async function listTokens(deps: GitTokenDeps, { organizationId }: Owner, query: GitTokenQuery) {
  const { count, rows } = await listGitTokens(deps.database, organizationId, query);
  const now = deps.now();
  return { count, items: rows.map((row) => toGitToken(row, now)) };
}

export async function readToken(deps: GitTokenDeps, { organizationId }: Owner, id: string): Promise<Result<GitToken, Refusal>> {
  const row = await findGitToken(deps.database, organizationId, id);
  return row === undefined ? err(notFound('Git token')) : ok(toGitToken(row, deps.now()));
}

/** Seals and keeps a token. It is not tried at the provider yet: it says `unverified`. */
export async function createToken(
  deps: GitTokenDeps,
  { organizationId }: Owner,
  input: GitTokenInput & { readonly name: string; readonly provider: ProviderId; readonly token: string },
): Promise<Result<GitToken, Refusal>> {
  const errors = checkGitToken(input, deps.now());
  const url = serverUrl(deps, input.provider, input.url);
  if (!url.ok || Object.keys(errors).length > 0) return err(refuseFields({ ...errors, ...(url.ok ? {} : url.error) }));
  const id = newId();
  return deps.database.transaction(async (tx) => {
    await lockOrganization(tx, organizationId);
    if (await isNameTaken(tx, organizationId, input.name.trim())) return err(nameTaken(input.name));
    await insertCredential(tx, {
      id,
      organization_id: organizationId,
      kind: 'git-token',
      name: input.name.trim(),
      description: input.description ?? '',
      provider: input.provider,
      url: url.value,
      workspace: input.workspace ?? null,
      username: input.username ?? null,
      sealed_secret: seal(deps, organizationId, id, input.token),
      reason: 'not_tried',
      ...expiry(input.expires_at ?? null),
    });
    return reread(deps, tx, organizationId, id);
  });
}

/** Changes what is given. A token is bound to its server: another `url` needs the secret in the same call (SECURITY T24). */
export async function changeToken(
  deps: GitTokenDeps,
  { organizationId }: Owner,
  id: string,
  input: GitTokenInput,
): Promise<Result<GitToken, Refusal>> {
  return deps.database.transaction(async (tx) => {
    await lockOrganization(tx, organizationId);
    const row = await findGitToken(tx, organizationId, id);
    if (row === undefined) return err(notFound('Git token'));
    const change = await toChange(deps, tx, row, input);
    if (!change.ok) return change;
    await updateCredential(tx, id, change.value);
    return reread(deps, tx, organizationId, id);
  });
}

/** Puts another token in its place, whole: what is not sent goes back to its default. Repositories keep using it. */
export async function replaceToken(
  deps: GitTokenDeps,
  owner: Owner,
  id: string,
  input: GitTokenInput & { readonly name: string; readonly provider: ProviderId; readonly token: string },
): Promise<Result<GitToken, Refusal>> {
  return changeToken(deps, owner, id, { description: '', url: null, workspace: null, username: null, expires_at: null, ...input });
}

/** Deletes a token. Refused with the list of repositories that use it unless forced; forced, they lose their credential. */
export async function deleteToken(
  deps: GitTokenDeps,
  { organizationId }: Owner,
  id: string,
  options: { readonly force: boolean },
): Promise<Result<undefined, Refusal>> {
  return deps.database.transaction(async (tx) => {
    await lockOrganization(tx, organizationId);
    if ((await findGitToken(tx, organizationId, id)) === undefined) return err(notFound('Git token'));
    const users = await listRepositoriesUsing(tx, id);
    if (users.length > 0 && !options.force) return err(inUse('is used by', users));
    await deleteCredential(tx, id);
    return ok(undefined);
  });
}

async function toChange(deps: GitTokenDeps, tx: Tx, row: CredentialRow, input: GitTokenInput): Promise<Result<CredentialChange, Refusal>> {
  const errors = { ...checkGitToken(input, deps.now()) };
  if (input.provider !== undefined && input.provider !== row.provider)
    errors['provider'] = ['Cannot change. Create another token for the other provider.'];
  const url = input.url === undefined ? ok(row.url) : serverUrl(deps, row.provider, input.url);
  if (!url.ok) Object.assign(errors, url.error);
  const moved = url.ok && url.value !== row.url;
  if (moved && input.token === undefined)
    errors['token'] = ['Is needed again to change the url: a token is never sent to another server unasked.'];
  if (!url.ok || Object.keys(errors).length > 0) return err(refuseFields(errors));
  const name = input.name?.trim();
  if (name !== undefined && (await isNameTaken(tx, row.organization_id, name, row.id))) return err(nameTaken(name));
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
    ...(input.expires_at === undefined ? {} : expiry(input.expires_at)),
    ...(moved ? { url: url.value } : {}),
    ...(input.token === undefined ? {} : replacedSecret(deps, row, input.token)),
  });
}

/** Whatever was known of the old secret is not known of the new one. */
function replacedSecret(deps: GitTokenDeps, row: CredentialRow, token: string): CredentialChange {
  return {
    sealed_secret: seal(deps, row.organization_id, row.id, token),
    state: 'unverified',
    reason: 'not_tried',
    token_kind: 'unknown',
    capabilities: '{}',
    missing: '[]',
    scopes: null,
    verified_at: null,
  };
}

function serverUrl(
  deps: GitTokenDeps,
  providerId: ProviderId,
  url: string | null | undefined,
): Result<string, Record<string, readonly string[]>> {
  const provider = deps.findProvider(providerId);
  if (provider === undefined) return err({ provider: [`This version does not know provider "${providerId}" yet.`] });
  const text = url ?? provider.defaultUrl;
  if (text === undefined) return err({ url: [`Is needed: provider "${providerId}" has no address of its own.`] });
  const parsed = parseServerUrl(text, deps.checkUrl);
  return parsed.ok ? parsed : err({ url: [parsed.error] });
}

function seal(deps: GitTokenDeps, organizationId: string, rowId: string, token: string): Uint8Array {
  return deps.vault.seal(token, { table: 'credentials', field: 'secret', rowId, organizationId });
}

function expiry(text: string | null): Pick<CredentialChange, 'expires_at' | 'expiry_source'> {
  return text === null ? { expires_at: null, expiry_source: 'unknown' } : { expires_at: new Date(text), expiry_source: 'user' };
}

async function reread(deps: GitTokenDeps, tx: Tx, organizationId: string, id: string): Promise<Result<GitToken, Refusal>> {
  const row = await findGitToken(tx, organizationId, id);
  return row === undefined ? err(notFound('Git token')) : ok(toGitToken(row, deps.now()));
}

function nameTaken(name: string): Refusal {
  return refuseFields({
    name: [`Another credential is named "${name.trim()}" already; names are unique across all kinds of credentials.`],
  });
}

function inUse(how: string, repositories: readonly { readonly id: string; readonly name: string }[]): Refusal {
  const names = repositories.map((repository) => repository.name);
  return refuse(
    'IN_USE',
    `The token ${how} ${names.length === 1 ? 'repository' : `${names.length} repositories:`} ${names.slice(0, 10).join(', ')}.`,
    {
      repositories: repositories.map(({ id, name }) => ({ id, name })),
    },
  );
}
