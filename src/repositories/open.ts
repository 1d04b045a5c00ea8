import type { OpenFetch, Urgency } from '#credentials/budget/keep-budget.ts';
import type { OpenNetwork } from '#credentials/network/open.ts';
import { checkSoon } from '#credentials/checks/store.ts';
import { refuseRotating } from '#credentials/rotation/refuse.ts';
import { findSealedCredential, pauseCredential, touchCredential } from '#credentials/store.ts';
import type { ReadTokenSource } from '#credentials/token-source.ts';
import { openToken } from '#credentials/token-source.ts';
import type { Vault } from '#credentials/vault.ts';
import type { Database } from '#db/database.ts';
import { Failure } from '#domain/failure.ts';
import type { Remote } from '#domain/remote.ts';
import type { VetRemote } from '#net/vet-remote.ts';
import type { GitAccess } from '#domain/words.ts';
import type { ForgeApi, Provider, RemoteRef } from '#providers/contract.ts';
import { refuseFolder } from './folder.ts';
import { isSameServer } from './reach.ts';
import { findRemote } from './store.ts';

export interface OpenDeps {
  readonly database: Database;
  readonly vault: Vault;
  readonly readTokenSource: ReadTokenSource;
  readonly findProvider: (id: string) => Provider | undefined;
  /** Vets and pins an address (net/vet-remote.ts). */
  readonly vetRemote: VetRemote;
  readonly openNetwork: OpenNetwork;
  /** Every call to a provider goes through this, by the way that the credential and the repository say. */
  readonly through: OpenFetch;
}

/** Address and access of a repository for Git, now. Throws Failure: REPOSITORY_GONE, POLICY_DENIED, CONNECTION_FAILED, AUTH_EXPIRED, AUTH_REVOKED, SECRET_UNREADABLE, SECRET_NOT_FOUND, RATE_LIMITED. */
export async function openRemote(deps: OpenDeps, repositoryId: string): Promise<Remote> {
  const repository = await findRemote(deps.database, repositoryId);
  if (repository === undefined) throw new Failure('REPOSITORY_GONE', { message: 'The repository was deleted.' });
  const folder = refuseFolder(repository.remote_url);
  if (folder !== undefined) throw folder;
  const network = await deps.openNetwork({ credentialId: repository.credential_id, repositoryId });
  const vetted = await deps.vetRemote(repository.remote_url, network);
  const credential = repository.credential_id === null ? undefined : await openCredential(deps, repository.credential_id, repository);
  if (credential !== undefined) refusePaused(credential.gitPausedMs, 'The Git server');
  return { ...vetted, access: credential?.access };
}

/** Waits are kept here and not tried out at the provider: those who go on while limited are locked out. */
function refusePaused(pausedMs: number, who: string): void {
  if (pausedMs <= 0) return;
  throw new Failure('RATE_LIMITED', {
    message: `${who} has asked for fewer requests with this credential; the next is made in ${Math.ceil(pausedMs / 1_000)} s.`,
    retryAfterMs: Math.ceil(pausedMs),
  });
}

/** How long Git is left alone after a server has refused it so: Git does not hand on for how long it was asked to wait. */
const GIT_PAUSE_MS = 60_000;

/** Git was told to make fewer requests: nothing is asked of that server with this credential for a while. For how long, in milliseconds. */
export async function pauseGit(deps: Pick<OpenDeps, 'database'>, repositoryId: string): Promise<number> {
  const repository = await findRemote(deps.database, repositoryId);
  if (repository?.credential_id != null) await pauseCredential(deps.database, repository.credential_id, 'git', GIT_PAUSE_MS);
  return GIT_PAUSE_MS;
}

export interface OpenForge {
  readonly api: ForgeApi;
  readonly ref: RemoteRef;
}

/** A repository at its provider; undefined where there is no API or no credential to use it with. Throws Failure as `openRemote` does. */
export async function openForge(deps: OpenDeps, repositoryId: string, urgency?: Urgency): Promise<OpenForge | undefined> {
  const repository = await findRemote(deps.database, repositoryId);
  if (repository?.credential_id == null) return undefined;
  return openForgeOf(deps, repository.credential_id, { ...repository, id: repositoryId }, urgency);
}

/** The same for a repository that is deleted already: its credential and address are all that is needed. */
export async function openForgeWith(deps: OpenDeps, credentialId: string, remoteUrl: string): Promise<OpenForge | undefined> {
  return openForgeOf(deps, credentialId, { remote_url: remoteUrl, remote_id: null, id: undefined });
}

type Place = Pick<NonNullable<Awaited<ReturnType<typeof findRemote>>>, 'remote_url' | 'remote_id'>;

async function openForgeOf(
  deps: OpenDeps,
  credentialId: string,
  place: Place & { readonly id: string | undefined },
  urgency: Urgency = 'push',
): Promise<OpenForge | undefined> {
  const credential = await openCredential(deps, credentialId, place);
  const ref = credential?.provider.remoteRef(place.remote_url, credential.url);
  if (credential === undefined || ref === undefined || credential.provider.connect === undefined) return undefined;
  refusePaused(credential.apiPausedMs, 'The provider');
  const network = await deps.openNetwork({ credentialId, repositoryId: place.id });
  const whole = credential.provider.connect({
    url: credential.url,
    username: credential.username,
    secret: credential.access.secret,
    workspace: credential.workspace,
    fetch: deps.through(network, { credentialId, provider: credential.provider, urgency }),
    onLimited: (ms) => pauseCredential(deps.database, credentialId, 'api', ms),
    onRefused: (what) => checkSoon(deps.database, credentialId, what),
  });
  return { api: credential.isApp ? withoutHooks(whole) : whole, ref };
}

/**
 * A token that its provider refused when it was asked about is not tried again by every repository that uses it: those who go on are locked
 * out (PROVIDERS.md 1.5). It is asked about once a day, and whenever somebody asks or replaces it.
 */
function refuseDead({
  kind,
  name,
  state,
  state_detail: detail,
}: {
  readonly kind: string;
  readonly name: string;
  readonly state: string;
  readonly state_detail: string | null;
}): void {
  if (state !== 'revoked' && state !== 'expired') return;
  throw new Failure(state === 'revoked' ? 'AUTH_REVOKED' : 'AUTH_EXPIRED', {
    message: `The ${kind === 'app-installation' ? 'App' : kind === 'password' ? 'credential' : 'token'} "${name}" is not used: ${detail ?? 'its provider refuses it.'}`,
    help:
      kind === 'app-installation'
        ? 'Its repositories go on by themselves when it is let in again. Or give them another credential.'
        : 'Create a new token at the provider and replace the stored one: its repositories then go on by themselves. Or verify it again.',
  });
}

/** Deliveries for what an App reaches come to the App's own address; a hook beside it would tell everything twice. */
function withoutHooks({ hooks: _hooks, deliveries: _deliveries, ...api }: ForgeApi): ForgeApi {
  return api;
}

interface OpenCredential {
  /** It is an installation of an App. */
  readonly isApp: boolean;
  readonly provider: Provider;
  readonly url: string;
  readonly username: string | undefined;
  readonly workspace: string | undefined;
  readonly access: GitAccess;
  /** How long the provider asked for no calls of its API, and for none of Git's; 0 or less: not any more. */
  readonly apiPausedMs: number;
  readonly gitPausedMs: number;
}

/** Opens a secret for one server only: a remote that is elsewhere gets none, whatever the rows say (SECURITY T24). */
async function openCredential(deps: OpenDeps, credentialId: string, place: Place): Promise<OpenCredential | undefined> {
  const { remote_url: remoteUrl, remote_id: remoteId } = place;
  const row = await findSealedCredential(deps.database, credentialId);
  const provider = row === undefined ? undefined : deps.findProvider(row.provider);
  const url = row?.url ?? provider?.defaultUrl;
  if (row === undefined || provider === undefined || url === undefined) return undefined;
  if (!isSameServer(url, remoteUrl)) {
    throw new Failure('POLICY_DENIED', {
      message: `The credential "${row.name}" belongs to ${url} and is not used for another server.`,
      help: 'Give the repository a credential for its server.',
    });
  }
  if (row.is_expired) {
    const day = row.expires_at?.toISOString().slice(0, 10) ?? '';
    throw new Failure('AUTH_EXPIRED', { message: `The token "${row.name}" expired on ${day}.` });
  }
  refuseRotating(row);
  refuseDead(row);
  const secret = await openToken(deps, row, { repositoryRemoteId: remoteId ?? undefined });
  await touchCredential(deps.database, row.id);
  const username = row.username ?? undefined;
  const access = provider.gitAccess(username, secret);
  return {
    isApp: row.kind === 'app-installation',
    provider,
    url,
    username,
    workspace: row.workspace ?? undefined,
    access,
    apiPausedMs: row.paused_ms,
    gitPausedMs: row.git_paused_ms,
  };
}
