import { z } from 'zod';
import { Failure, isFailure } from '#domain/failure.ts';
import type { TokenKind, TokenReport } from '#domain/token.ts';
import type { ForgeConnection } from '#providers/contract.ts';
import type { GitService, GitVerdict } from '#providers/git-probe.ts';
import { probeGit } from '#providers/git-probe.ts';
import { AnswerError, readError } from './answer-error.ts';
import type { BitbucketCalls, BitbucketRequest } from './call.ts';
import { openCalls, pathOf } from './call.ts';
import { gitAccess, isApiToken } from './credential.ts';
import { HOOK_PERMISSION } from './hooks.ts';
import type { HooksVerdict, Sight } from './judge-token.ts';
import { judgeToken } from './judge-token.ts';
import { kindOf, missingScopes, readScopes } from './token-rules.ts';

interface Verification {
  readonly connection: ForgeConnection;
  readonly calls: BitbucketCalls;
  readonly signal: AbortSignal;
}

/**
 * What Bitbucket lets know of a token. Calls, one after the other and none after the first 401: 5 of a token that may write (its user, which is
 * refused to access tokens with all that is asked; the repository; its webhooks; Git's clone and push), 4 where it may not push, 1 more
 * for an API token that no refusal has shown the scopes of, 2 without a repository. Everything is read, nothing is written. The end of a
 * token cannot be read. Throws Failure as a `ForgeApi` does, and WRONG_SERVER where no Bitbucket answers.
 */
export async function verifyToken(connection: ForgeConnection, repository: string | undefined, signal: AbortSignal): Promise<TokenReport> {
  // What is refused here is what is asked about, and no news for anybody.
  const verification = { connection, calls: openCalls({ ...connection, onRefused: undefined }), signal };
  const self = await readSelf(verification);
  const { sight, scopes: bySight } = await look(verification, repository);
  const hooks = sight.is === 'seen' ? await askHooks(verification, sight.fullName) : undefined;
  const known = self.scopes ?? bySight ?? hooks?.scopes;
  const scopes = known ?? (self.kind === 'api' ? await askScopes(verification) : undefined);
  const mayPush = scopes === undefined || missingScopes('push', self.kind, scopes).length === 0;
  const git = async (service: GitService) => (sight.is === 'seen' ? askGit(verification, sight.fullName, service) : undefined);
  const read = sight.is === 'seen' && sight.isPrivate ? await git('git-upload-pack') : undefined;
  const push = mayPush ? await git('git-receive-pack') : undefined;
  const { url, workspace } = connection;
  const judgement = judgeToken({ kind: self.kind, scopes, sight, hooks: hooks?.verdict, read, push, workspace, url });
  const fullName = 'fullName' in sight ? sight.fullName : undefined;
  return { ...judgement, kind: self.kind, login: self.login, expiry: 'unknown', scopes, repository: fullName };
}

interface Self {
  readonly kind: TokenKind;
  readonly login: string | undefined;
  readonly scopes: readonly string[] | undefined;
}

const userSchema = z.object({ type: z.string(), nickname: z.string().max(300).optional(), username: z.string().max(300).optional() });

/** Access tokens are refused here, and the refusal says what they are. */
async function readSelf({ calls, signal, connection }: Verification): Promise<Self> {
  const untold: TokenKind = isApiToken(connection.secret) ? 'api' : 'unknown';
  try {
    const answer = await calls.call({ what: 'read whose token it is', permission: 'Account: Read' }, { path: '/user' }, signal);
    const user = userSchema.safeParse(answer.json);
    if (!user.success) throw wrongServer();
    return { ...readHeaders(answer.headers, untold), login: user.data.nickname ?? user.data.username };
  } catch (error) {
    if (!isFailure(error)) throw error;
    const refused = error.code === 'PERM_MISSING' ? answerOf(error) : undefined;
    const told = refused === undefined ? undefined : readHeaders(refused.headers, untold);
    const granted = grantedBy(error);
    if (told !== undefined && (told.kind !== 'unknown' || granted !== undefined || told.scopes !== undefined))
      return { kind: told.kind, login: undefined, scopes: told.scopes ?? granted };
    throw isElsewhere(error) ? wrongServer(error) : error;
  }
}

function readHeaders(headers: Headers, untold: TokenKind): Pick<Self, 'kind' | 'scopes'> {
  return { kind: kindOf(headers.get('x-credential-type')) ?? untold, scopes: readScopes(headers.get('x-oauth-scopes')) };
}

function answerOf(failure: Failure): AnswerError | undefined {
  return failure.cause instanceof AnswerError ? failure.cause : undefined;
}

function grantedBy(failure: Failure): readonly string[] | undefined {
  const answer = answerOf(failure);
  return answer === undefined ? undefined : readError(answer)?.granted;
}

/** A page where JSON should be, the way to one, or addresses that it does not know. */
function isElsewhere({ code, message }: Failure): boolean {
  return (
    ['REPO_NOT_FOUND', 'REPO_MOVED', 'PROVIDER_REFUSED'].includes(code) ||
    (code === 'PROVIDER_FAILED' && /no JSON|leads to a page/.test(message))
  );
}

function wrongServer(cause?: unknown): Failure {
  return new Failure('WRONG_SERVER', { message: 'The server at the url of the token does not answer as Bitbucket Cloud does.', cause });
}

const repositorySchema = z.object({
  full_name: z.string().regex(/^[^/]+\/[^/]+$/),
  is_private: z.boolean().default(true),
  project: z.object({ key: z.string().max(100) }).nullish(),
});

interface Look {
  readonly sight: Sight;
  /** As a refusal tells them. */
  readonly scopes?: readonly string[] | undefined;
}

/** The repository that was named; else one of the workspace, a private one, since only that proves something. */
async function look({ calls, connection, signal }: Verification, fullName: string | undefined): Promise<Look> {
  const { workspace } = connection;
  if (fullName === undefined && workspace === undefined) return { sight: { is: 'none' } };
  const request: BitbucketRequest =
    fullName === undefined
      ? { path: `/repositories/${encodeURIComponent(workspace ?? '')}`, query: { role: 'member', q: 'is_private = true', pagelen: '1' } }
      : { path: pathOf({ fullName }) };
  try {
    const { json } = await calls.call({ what: 'read the repository', permission: 'Repositories: Read' }, request, signal);
    const found = repositorySchema.safeParse(fullName === undefined ? firstOf(json) : json);
    if (!found.success) return { sight: { is: 'none' } };
    const { full_name: name, is_private: isPrivate, project } = found.data;
    return { sight: { is: 'seen', fullName: name, isPrivate, project: project?.key } };
  } catch (error) {
    if (!isFailure(error)) throw error;
    if (error.code === 'PERM_MISSING') return { sight: { is: 'untold', fullName }, scopes: grantedBy(error) };
    if (error.code === 'REPO_NOT_FOUND') return { sight: fullName === undefined ? { is: 'none' } : { is: 'hidden', fullName } };
    if (error.code === 'REPO_MOVED' && fullName !== undefined) return { sight: { is: 'moved', fullName } };
    throw error;
  }
}

function firstOf(json: unknown): unknown {
  return z.object({ values: z.array(z.unknown()) }).safeParse(json).data?.values[0];
}

async function askHooks(
  { calls, signal }: Verification,
  fullName: string,
): Promise<{ readonly verdict: HooksVerdict; readonly scopes?: readonly string[] | undefined }> {
  try {
    const request = { path: pathOf({ fullName }, '/hooks'), query: { pagelen: '1' } };
    await calls.call({ what: 'list the webhooks', permission: HOOK_PERMISSION }, request, signal);
    return { verdict: 'granted' };
  } catch (error) {
    if (!isFailure(error)) throw error;
    if (error.code === 'PERM_MISSING') {
      const scopes = grantedBy(error);
      return { verdict: scopes === undefined ? 'no-role' : 'no-scope', scopes };
    }
    if (['REPO_NOT_FOUND', 'REPO_MOVED', 'PROVIDER_REFUSED', 'PROVIDER_FAILED'].includes(error.code)) return { verdict: 'unknown' };
    throw error;
  }
}

/** A refusal lists the scopes that are there (PROVIDERS.md 1.3), so something is asked for that few tokens may. */
async function askScopes({ calls, signal }: Verification): Promise<readonly string[] | undefined> {
  try {
    const request = { path: '/user/workspaces', query: { pagelen: '1' } };
    const { headers } = await calls.call({ what: 'list the workspaces', permission: 'read:workspace:bitbucket' }, request, signal);
    return readScopes(headers.get('x-oauth-scopes'));
  } catch (error) {
    if (!isFailure(error)) throw error;
    if (['PERM_MISSING', 'REPO_NOT_FOUND', 'PROVIDER_REFUSED', 'PROVIDER_FAILED'].includes(error.code)) return grantedBy(error);
    throw error;
  }
}

function askGit({ connection, signal }: Verification, fullName: string, service: GitService): Promise<GitVerdict> {
  const { url, username, secret, fetch } = connection;
  return probeGit({ fetch, cloneUrl: `${url}/${fullName}.git`, access: gitAccess(username, secret) }, service, signal);
}
