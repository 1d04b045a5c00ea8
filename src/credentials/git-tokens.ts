import { v7 as newId } from 'uuid';
import type { Database } from '#db/database.ts';
import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import { notFound, refuse, refuseFields } from '#domain/refusal.ts';
import type { FieldErrors, Refusal } from '#domain/refusal.ts';
import type { ProviderId } from '#domain/words.ts';
import type { Provider } from '#providers/contract.ts';
import type { JobSender } from '#queue/queue.ts';
import type { OpenFetch } from './budget/keep-budget.ts';
import { recordExamination } from './checks/store.ts';
import type { ExaminedToken } from './examine.ts';
import { examine } from './examine.ts';
import type { GitToken, GitTokenInput } from './git-token.ts';
import { checkGitToken, toGitToken } from './git-token.ts';
import { refuseRefused, toKnowledge, warningsOf } from './knowledge.ts';
import type { OpenNetwork } from './network/open.ts';
import { listBudgets } from './budget/store.ts';
import { checkNetwork, saveNetwork } from './network/settings.ts';
import { findNetwork, listNetworks } from './network/store.ts';
import type { CheckUrl } from './server-url.ts';
import { parseServerUrl } from './server-url.ts';
import type { CredentialChange, GitTokenQuery, Reader } from './store.ts';
import {
  deleteCredential,
  findGitToken,
  insertCredential,
  isNameTaken,
  listGitTokens,
  listRepositoriesUsing,
  lockOrganization,
} from './store.ts';
import type { ReadTokenSource, TokenSource } from './token-source.ts';
import { requireToken } from './token-source.ts';
import type { Vault } from './vault.ts';

export interface GitTokenDeps {
  readonly database: Database;
  readonly queue: JobSender;
  readonly vault: Vault;
  readonly checkUrl: CheckUrl;
  readonly findProvider: (id: string) => Provider | undefined;
  readonly readTokenSource: ReadTokenSource;
  readonly openNetwork: OpenNetwork;
  /** Every call to a provider goes through this. */
  readonly through: OpenFetch;
  readonly now: () => Date;
}

export interface Owner {
  readonly organizationId: string;
}

export async function listTokens(deps: GitTokenDeps, { organizationId }: Owner, query: GitTokenQuery) {
  const { count, rows } = await listGitTokens(deps.database, organizationId, query);
  const now = deps.now();
  const ids = rows.map(({ id }) => id);
  const networks = await listNetworks(deps.database, 'credential_id', ids);
  const budgets = await listBudgets(deps.database, ids);
  return { count, items: rows.map((row) => toGitToken(row, now, { network: networks.get(row.id), budget: budgets.get(row.id) })) };
}

export async function readToken(deps: GitTokenDeps, { organizationId }: Owner, id: string): Promise<Result<GitToken, Refusal>> {
  return reread(deps, deps.database, organizationId, id, []);
}

/** A token as it is sent to be kept. */
export type NewGitToken = GitTokenInput & { readonly name: string; readonly provider: ProviderId };

/**
 * Asks the provider about a token, then seals and keeps it with what is known. One that the provider refuses is not kept; where the
 * provider cannot be asked it is, as `unverified` with a warning.
 */
export async function createToken(deps: GitTokenDeps, { organizationId }: Owner, input: NewGitToken): Promise<Result<GitToken, Refusal>> {
  const { database } = deps;
  const name = input.name.trim();
  const checked = checkNew(deps, input);
  if (!checked.ok) return checked;
  const { provider, url } = checked.value;
  if (await isNameTaken(database, organizationId, name)) return err(nameTaken(name));
  const taken = await requireToken(deps, organizationId, input);
  if (!taken.ok) return taken;
  const { secret, sealable, source } = taken.value;
  const { probe_repository: probe = null, username = null } = input;
  // Outside of the transaction, which would wait for the provider.
  const network = await deps.openNetwork({}, input.network);
  const examination = await examine(deps, provider, { ...reachOf(input), url, secret, network });
  const refused = refuseRefused(examination);
  if (refused !== undefined) return err(refused);
  const id = newId();
  const sealed = seal(deps, organizationId, id, sealable);
  return database.transaction(async (tx) => {
    await lockOrganization(tx, organizationId);
    if (await isNameTaken(tx, organizationId, name)) return err(nameTaken(name));
    await insertCredential(tx, {
      id,
      organization_id: organizationId,
      kind: 'git-token',
      name,
      description: input.description ?? '',
      provider: input.provider,
      url,
      workspace: input.workspace ?? null,
      username,
      probe_repository: probe,
      sealed_secret: sealed,
      token_from: toStored(source),
      rotate_before_days: input.rotate_before_days ?? null,
      ...expiry(input.expires_at ?? null),
    });
    await saveNetwork(deps, tx, { owner: { credentialId: id }, organizationId, now: deps.now() }, input.network);
    const knowledge = toKnowledge(examination, { userExpiry: toDate(input.expires_at), writes: false });
    await recordExamination(tx, { id, sealed_secret: sealed }, examination.is, knowledge);
    return reread(deps, tx, organizationId, id, warningsOf(examination));
  });
}

/** What a token is asked about with, beside its server and secret. */
export function reachOf({
  username,
  workspace,
  probe_repository: repository,
}: GitTokenInput): Pick<ExaminedToken, 'username' | 'workspace' | 'repository'> {
  return { username: username ?? undefined, workspace: workspace ?? undefined, repository: repository ?? undefined };
}

/** The fields of a token by themselves, and where it leads. */
export function checkNew(
  deps: Pick<GitTokenDeps, 'findProvider' | 'checkUrl' | 'now'>,
  input: GitTokenInput & { readonly provider: ProviderId },
): Result<{ readonly provider: Provider; readonly url: string }, Refusal> {
  const provider = deps.findProvider(input.provider);
  const url = serverUrl(deps, input.provider, input.url);
  const probe = provider !== undefined && url.ok ? checkProbe(provider, url.value, input.probe_repository) : {};
  const network = checkNetwork(input.network, deps.checkUrl, deps.now());
  const errors = {
    ...checkGitToken(input, deps.now()),
    ...(url.ok ? probe : url.error),
    ...checkAutomatic(provider, input, input.token_from !== undefined),
    ...network,
  };
  if (!url.ok || provider === undefined || Object.keys(errors).length > 0) return err(refuseFields(errors));
  return ok({ provider, url: url.value });
}

/** What was deleted, and what it took along. */
export interface DeletedToken {
  readonly id: string;
  readonly name: string;
  /** Repositories that stand still since, by name. */
  readonly repositories: readonly { readonly id: string; readonly name: string }[];
}

/** Only what its provider replaces is replaced without a person. */
export function checkAutomatic(
  provider: Provider | undefined,
  { rotate_before_days: days }: GitTokenInput,
  isElsewhere: boolean,
): FieldErrors {
  if (typeof days !== 'number') return {};
  if (provider?.rotateToken === undefined) return { rotate_before_days: ['This provider does not rotate tokens; a person does.'] };
  if (isElsewhere) return { rotate_before_days: ['Cannot go with token_from: what is kept elsewhere is the operator’s to replace.'] };
  return Number.isInteger(days) && days >= 1 && days <= MOST_DAYS
    ? {}
    : { rotate_before_days: [`Must be a whole number from 1 to ${MOST_DAYS}.`] };
}

const MOST_DAYS = 90;

/** Deletes a token. Refused with the list of repositories that use it unless forced; forced, they lose their credential and say so. */
export async function deleteToken(
  deps: GitTokenDeps,
  { organizationId }: Owner,
  id: string,
  options: { readonly force: boolean },
): Promise<Result<DeletedToken, Refusal>> {
  return deps.database.transaction(async (tx) => {
    await lockOrganization(tx, organizationId);
    const row = await findGitToken(tx, organizationId, id);
    if (row === undefined) return err(notFound('Git token'));
    const users = await listRepositoriesUsing(tx, id);
    if (users.length > 0 && !options.force) return err(inUse('is used by', users));
    await deleteCredential(tx, { id, reason: `Its token "${row.name}" was deleted. Give it another credential.` });
    return ok({ id, name: row.name, repositories: users.map((user) => ({ id: user.id, name: user.name })) });
  });
}

export function serverUrl(
  deps: Pick<GitTokenDeps, 'findProvider' | 'checkUrl'>,
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

/** Parts of a path as every provider has them; anything else would be another address. */
const PROBE_PART = /^(?!\.{1,2}$)[\w.~+-]{1,255}$/;
const MOST_PARTS = 22;

/** The repository to ask about, by the provider's own rule for what a repository is. */
export function checkProbe(provider: Provider, url: string, probe: string | null | undefined): FieldErrors {
  if (probe === null || probe === undefined) return {};
  const parts = probe.split('/');
  const isPath = parts.length <= MOST_PARTS && parts.every((part) => PROBE_PART.test(part));
  if (isPath && provider.remoteRef(`${url}/${probe}`, url) !== undefined) return {};
  return { probe_repository: ['Must be the full name of a repository at that server, such as acme/net-config.'] };
}

export function seal(deps: Pick<GitTokenDeps, 'vault'>, organizationId: string, rowId: string, token: string): Uint8Array {
  return deps.vault.seal(token, { table: 'credentials', field: 'secret', rowId, organizationId });
}

/** For people to see; what counts is sealed. */
export function toStored(source: TokenSource | undefined): string | null {
  return source === undefined ? null : JSON.stringify(source);
}

export function expiry(text: string | null): Pick<CredentialChange, 'expires_at' | 'expiry_source'> {
  return text === null ? { expires_at: null, expiry_source: 'unknown' } : { expires_at: new Date(text), expiry_source: 'user' };
}

export function toDate(text: string | null | undefined): Date | undefined {
  return text === null || text === undefined ? undefined : new Date(text);
}

export async function reread(
  deps: Pick<GitTokenDeps, 'now'>,
  reader: Reader,
  organizationId: string,
  id: string,
  warnings: readonly string[],
): Promise<Result<GitToken, Refusal>> {
  const row = await findGitToken(reader, organizationId, id);
  if (row === undefined) return err(notFound('Git token'));
  const budget = (await listBudgets(reader, [id])).get(id);
  return ok(toGitToken(row, deps.now(), { network: await findNetwork(reader, { credentialId: id }), budget, warnings }));
}

export function nameTaken(name: string): Refusal {
  return refuseFields({
    name: [`Another credential is named "${name.trim()}" already; names are unique across all kinds of credentials.`],
  });
}

export function inUse(how: string, repositories: readonly { readonly id: string; readonly name: string }[]): Refusal {
  const names = repositories.map((repository) => repository.name);
  return refuse(
    'IN_USE',
    `The token ${how} ${names.length === 1 ? 'repository' : `${names.length} repositories:`} ${names.slice(0, 10).join(', ')}.`,
    {
      repositories: repositories.map(({ id, name }) => ({ id, name })),
    },
  );
}
