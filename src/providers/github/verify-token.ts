import { RequestError } from '@octokit/request-error';
import { z } from 'zod';
import { Failure, isFailure } from '#domain/failure.ts';
import type { TokenJudgement, TokenReport } from '#domain/token.ts';
import type { ForgeConnection } from '#providers/contract.ts';
import type { GitService } from '#providers/git-probe.ts';
import { probeGit } from '#providers/git-probe.ts';
import type { GithubCalls } from './call.ts';
import { GITHUB_URL, openCalls, splitName } from './call.ts';
import type { SeenRepository, Sight } from './judge-classic.ts';
import { judgeClassic } from './judge-classic.ts';
import type { Probes, ProbeVerdict } from './judge-fine-grained.ts';
import { judgeFineGrained } from './judge-fine-grained.ts';
import { kindOf, readExpiry, readScopes } from './token-scopes.ts';

interface Verification {
  readonly connection: ForgeConnection;
  readonly calls: GithubCalls;
  readonly signal: AbortSignal;
}

/**
 * What GitHub lets know of a token. Calls, one after the other and none after the first 401: a classic token 2 (its user with scopes and end;
 * the repository with the user's role), a fine-grained one 7 at a repository (also webhooks, pull requests, statuses, and Git's clone and
 * push), 2 without one, 3 where the one that was named is hidden from it. Everything is read, nothing is written.
 * Throws Failure as a `ForgeApi` does, and WRONG_SERVER where no GitHub answers.
 */
export async function verifyToken(connection: ForgeConnection, repository: string | undefined, signal: AbortSignal): Promise<TokenReport> {
  const verification: Verification = { connection, calls: openCalls(connection), signal };
  const { login, headers } = await readUser(verification);
  const scopes = readScopes(headers['x-oauth-scopes']);
  const prefix = kindOf(connection.secret);
  const kind = prefix === 'unknown' && scopes !== undefined && !/^gh[ou]_/.test(connection.secret) ? 'classic' : prefix;
  const { sight, branch } = await look(verification, repository);
  const judgement = scopes === undefined ? await judgeByProbes(verification, sight, branch) : judgeClassic(scopes, sight, connection.url);
  return {
    ...judgement,
    kind,
    login,
    expiry: readExpiry(headers['github-authentication-token-expiration'], connection.url === GITHUB_URL),
    scopes,
    repository: sight.is === 'seen' ? sight.repository.fullName : undefined,
  };
}

const userSchema = z.object({ login: z.string().max(200) });

async function readUser({ calls, signal }: Verification) {
  try {
    const answer = await calls.call({ what: 'read whose token it is' }, () => calls.octokit.request('GET /user', { request: { signal } }));
    const user = userSchema.safeParse(answer.data);
    if (!user.success) throw wrongServer();
    return { login: user.data.login, headers: answer.headers };
  } catch (error) {
    // Everybody who has a token has a user: who does not know the address, or leads elsewhere, is no GitHub.
    if (isFailure(error) && ['REPO_NOT_FOUND', 'REPO_MOVED', 'PROVIDER_REFUSED'].includes(error.code)) throw wrongServer(error);
    throw error;
  }
}

function wrongServer(cause?: unknown): Failure {
  return new Failure('WRONG_SERVER', { message: 'The server at the url of the token does not answer as GitHub does.', cause });
}

const repositorySchema = z.object({
  full_name: z.string(),
  private: z.boolean(),
  default_branch: z.string(),
  permissions: z.object({ admin: z.boolean(), push: z.boolean() }).optional(),
});

interface Look {
  readonly sight: Sight;
  readonly branch: string;
}

const NOTHING: Look = { sight: { is: 'none' }, branch: '' };

/** The repository that was named; else one that the token reaches, a private one, since only that proves something. */
async function look({ calls, connection, signal }: Verification, fullName: string | undefined): Promise<Look> {
  try {
    if (fullName === undefined) {
      const [first] = await listPrivate({ calls, signal });
      return first === undefined ? NOTHING : toLook(first);
    }
    const { data } = await calls.call({ what: 'read the repository' }, () =>
      calls.octokit.repos.get({ ...splitName({ fullName }), request: { signal } }),
    );
    const found = repositorySchema.safeParse(data);
    return found.success ? toLook(found.data) : NOTHING;
  } catch (error) {
    const sight = toSight(error, fullName, connection.url);
    if (sight === undefined) throw error;
    return { sight, branch: '' };
  }
}

function toLook({
  full_name: fullName,
  private: isPrivate,
  permissions: role,
  default_branch: branch,
}: z.infer<typeof repositorySchema>): Look {
  const repository: SeenRepository = { fullName, isPrivate, role };
  return { sight: { is: 'seen', repository }, branch };
}

async function listPrivate({ calls, signal }: Pick<Verification, 'calls' | 'signal'>, most = 1) {
  const { data } = await calls.call({ what: 'list the repositories of the token' }, () =>
    calls.octokit.request('GET /user/repos', { visibility: 'private', sort: 'pushed', per_page: most, request: { signal } }),
  );
  return z.array(repositorySchema).safeParse(data).data ?? [];
}

const MOST_CHARACTERS = 300;

/** What a refusal at the repository means; undefined where it is no answer about the repository. */
function toSight(error: unknown, fullName: string | undefined, webUrl: string): Sight | undefined {
  if (!isFailure(error)) return undefined;
  if (error.code === 'REPO_NOT_FOUND') return fullName === undefined ? { is: 'none' } : { is: 'hidden', fullName };
  if (error.code === 'REPO_MOVED') return fullName === undefined ? { is: 'none' } : { is: 'moved', fullName };
  if (error.code !== 'PERM_MISSING') return undefined;
  const { cause } = error;
  const sso = cause instanceof RequestError ? cause.response?.headers['x-github-sso'] : undefined;
  if (sso !== undefined) return { is: 'sso', url: ssoUrl(String(sso), webUrl) };
  const said = cause instanceof RequestError ? cause.message.replaceAll(/\p{Cc}+/gu, ' ').slice(0, MOST_CHARACTERS) : error.message;
  return { is: 'forbidden', said };
}

/** The page of the organization, without the request in it, which ends after an hour; only at the server that was asked. */
function ssoUrl(header: string, webUrl: string): string {
  const url = URL.parse(/url=(\S+)/.exec(header)?.[1] ?? '');
  return url !== null && url.origin === new URL(webUrl).origin ? `${url.origin}${url.pathname}` : `${webUrl}/settings/tokens`;
}

async function judgeByProbes(verification: Verification, sight: Sight, branch: string): Promise<TokenJudgement> {
  const { connection } = verification;
  const probes = sight.is === 'seen' ? await probe(verification, sight.repository.fullName, branch) : undefined;
  const owner = sight.is === 'hidden' ? sight.fullName.split('/')[0] : undefined;
  const isApproved = owner === undefined ? undefined : await seesAnyOf(verification, owner);
  return judgeFineGrained(probes, sight, isApproved, connection.url);
}

/** A token has one owner, whose private repositories it sees as soon as it is approved; one that is selected is enough to show. */
async function seesAnyOf(verification: Verification, owner: string): Promise<boolean | undefined> {
  try {
    const listed = await listPrivate(verification, 100);
    return listed.some(({ full_name: name }) => name.toLowerCase().startsWith(`${owner.toLowerCase()}/`));
  } catch (error) {
    if (isFailure(error) && error.code !== 'RATE_LIMITED') return undefined;
    throw error;
  }
}

/** A read for each permission, in turn: GitHub counts requests that come at once against whoever sends them. */
async function probe({ calls, connection, signal }: Verification, fullName: string, branch: string): Promise<Probes> {
  const { octokit } = calls;
  const where = { ...splitName({ fullName }), per_page: 1, request: { signal } };
  const ask = (what: string, request: () => Promise<unknown>): Promise<ProbeVerdict> => toVerdict(calls.call({ what }, request));
  const webhooks = await ask('list the webhooks', () => octokit.repos.listWebhooks(where));
  const comments = await ask('list the pull requests', () => octokit.pulls.list(where));
  const statuses = await ask('read the statuses', () => octokit.repos.getCombinedStatusForRef({ ...where, ref: branch }));
  const access = { username: connection.username ?? 'x-access-token', secret: connection.secret };
  const git = async (service: GitService): Promise<ProbeVerdict> => {
    const verdict = await probeGit({ fetch: connection.fetch, cloneUrl: `${connection.url}/${fullName}.git`, access }, service, signal);
    return verdict === 'granted' ? 'granted' : verdict === 'denied' || verdict === 'hidden' ? 'denied' : 'unknown';
  };
  return { webhooks, comments, statuses, read: await git('git-upload-pack'), push: await git('git-receive-pack') };
}

/** What GitHub cannot answer now says nothing of the permission; a limit, or no answer at all, ends the verification. */
async function toVerdict(request: Promise<unknown>): Promise<ProbeVerdict> {
  try {
    await request;
    return 'granted';
  } catch (error) {
    if (!isFailure(error)) throw error;
    if (error.code === 'PERM_MISSING') return 'denied';
    if (['REPO_NOT_FOUND', 'REPO_MOVED', 'PROVIDER_REFUSED', 'PROVIDER_FAILED'].includes(error.code)) return 'unknown';
    throw error;
  }
}
