import type { Failure } from '#domain/failure.ts';
import { isFailure } from '#domain/failure.ts';
import type { Refusal } from '#domain/refusal.ts';
import { notFound, refuse, refuseFields } from '#domain/refusal.ts';
import type { Result } from '#domain/result.ts';
import { err, ok } from '#domain/result.ts';
import type { DiscoveryApi, Found, Provider, ReachedRepository, RemoteBranch } from '#providers/contract.ts';
import { checkSoon } from './checks/store.ts';
import { createCleaner } from './clean-report.ts';
import type { GitTokenDeps, Owner } from './git-tokens.ts';
import { findGitToken, findSealedCredential, pauseCredential, touchCredential } from './store.ts';
import { openToken } from './token-source.ts';

export type DiscoverDeps = Pick<GitTokenDeps, 'database' | 'vault' | 'findProvider' | 'readTokenSource' | 'through' | 'openNetwork'>;

/** Text to look for in names, and which part of what is found is wanted. */
export interface DiscoverQuery {
  readonly q: string | undefined;
  readonly limit: number;
  readonly offset: number;
}

export interface Listed<T> {
  /** Of what was read and matches. */
  readonly count: number;
  readonly items: readonly T[];
  /** False: there is more at the provider than was read. */
  readonly isWhole: boolean;
}

/** Somebody waits for the answer, which may take ten pages of a provider that is slow. */
const WITHIN_MS = 20_000;

/** Repositories that a token reaches, by name. Nothing is stored. */
export async function listRemoteRepositories(
  deps: DiscoverDeps,
  owner: Owner,
  id: string,
  query: DiscoverQuery,
): Promise<Result<Listed<ReachedRepository>, Refusal>> {
  const found = await discover(deps, owner, id, ({ discovery }, signal) => ok(discovery.listRepositories(query.q, signal)));
  return found.ok ? ok(narrow(found.value, query, ({ fullName }) => fullName)) : found;
}

/** Branches of one repository that the token reaches, which need not be registered here. */
export async function listRemoteBranches(
  deps: DiscoverDeps,
  owner: Owner,
  id: string,
  query: DiscoverQuery & { readonly repository: string },
): Promise<Result<Listed<RemoteBranch>, Refusal>> {
  const found = await discover(deps, owner, id, ({ discovery, provider, url }, signal) => {
    const ref = isPath(query.repository) ? provider.remoteRef(`${url}/${query.repository}`, url) : undefined;
    if (ref === undefined) return err(refuseFields({ repository: ['Must be the full name of a repository, such as acme/net-config.'] }));
    return ok(discovery.listBranches(ref, query.q, signal));
  });
  return found.ok ? ok(narrow(found.value, query, ({ name }) => name)) : found;
}

/** Parts of a path as every provider has them; anything else would be another address. */
function isPath(text: string): boolean {
  return text.length <= 1_024 && text.split('/').every((part) => /^(?!\.{1,2}$)[\w.~+-]+$/.test(part));
}

/** A provider may search by other rules than these, or not at all. */
function narrow<T>({ items, isWhole }: Found<T>, { q = '', offset, limit }: DiscoverQuery, nameOf: (item: T) => string): Listed<T> {
  const wanted = q.toLowerCase();
  const matching = items.filter((item) => nameOf(item).toLowerCase().includes(wanted));
  return { count: matching.length, items: matching.slice(offset, offset + limit), isWhole };
}

interface Opened {
  readonly discovery: DiscoveryApi;
  readonly provider: Provider;
  readonly url: string;
}

async function discover<T>(
  deps: DiscoverDeps,
  { organizationId }: Owner,
  id: string,
  ask: (opened: Opened, signal: AbortSignal) => Result<Promise<T>, Refusal>,
): Promise<Result<T, Refusal>> {
  if ((await findGitToken(deps.database, organizationId, id)) === undefined) return err(notFound('Git token'));
  const row = await findSealedCredential(deps.database, id);
  const provider = row === undefined ? undefined : deps.findProvider(row.provider);
  const url = row?.url ?? provider?.defaultUrl;
  if (row === undefined || provider === undefined || url === undefined) return err(notFound('Git token'));
  // Those who go on with a token that was refused, or while they are limited, are locked out.
  if (row.is_expired || row.state === 'revoked' || row.state === 'expired')
    return err(says('AUTH_FAILED', `The token is not used: ${row.state_detail ?? 'it has ended'}. Replace it, or verify it again.`));
  if (row.paused_ms > 0)
    return err(
      refuse(
        'UNAVAILABLE',
        `The provider has asked for fewer requests with this token; ask again in ${Math.ceil(row.paused_ms / 1_000)} s.`,
      ),
    );
  const late = AbortSignal.timeout(WITHIN_MS);
  let clean = asItIs;
  try {
    const secret = await openToken(deps, row);
    clean = createCleaner(secret);
    const api = provider.connect?.({
      url,
      secret,
      username: row.username ?? undefined,
      workspace: row.workspace ?? undefined,
      fetch: deps.through(await deps.openNetwork({ credentialId: id }), { credentialId: id, provider, urgency: 'person' }),
      onLimited: (ms) => pauseCredential(deps.database, id, 'api', ms),
      onRefused: (what) => checkSoon(deps.database, id, what),
    });
    if (api?.discovery === undefined)
      return err(refuse('NOT_SUPPORTED', `Provider "${row.provider}" has no list of repositories. Register a repository by its URL.`));
    await touchCredential(deps.database, id);
    const asked = ask({ discovery: api.discovery, provider, url }, late);
    return asked.ok ? ok(await asked.value) : asked;
  } catch (error) {
    if (isFailure(error)) return err(fromFailure(error, clean));
    if (late.aborted) return err(says('CONNECTION_FAILED', `The provider did not list it all within ${WITHIN_MS / 1_000} s.`));
    throw error;
  }
}

/** Before the secret is known nothing can say it. */
function asItIs(text: string): string {
  return text;
}

function fromFailure({ code, message, help }: Failure, clean: (text: string) => string): Refusal {
  return says(code, `${clean(message)} ${help}`);
}

function says(reason: string, message: string): Refusal {
  return refuse('PROVIDER_SAYS_NO', message, { reason });
}
