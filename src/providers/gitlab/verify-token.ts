import { z } from 'zod';
import { Failure, isFailure } from '#domain/failure.ts';
import type { TokenExpiry, TokenKind, TokenReport } from '#domain/token.ts';
import type { ForgeConnection } from '#providers/contract.ts';
import type { GitProbe } from '#providers/git-probe.ts';
import { probeGit, probeRead } from '#providers/git-probe.ts';
import type { Gitlab, GitlabCalls } from './call.ts';
import { openCalls } from './call.ts';
import type { ApiVerdicts, GitVerdicts, ProbeVerdict, Seen, Sight } from './judge-token.ts';
import { judgeDeployToken, judgeProbes, judgeScopes } from './judge-token.ts';
import { READS_PROJECTS, READS_USER } from './token-rules.ts';

interface Verification {
  readonly connection: ForgeConnection;
  readonly calls: GitlabCalls;
  readonly signal: AbortSignal;
  readonly repository: string | undefined;
}

/**
 * What GitLab lets know of a token. Calls, one after the other and none after the first 401: a personal, project or group token with scopes
 * 3 (itself with scopes and end; its user; the project with the user's level), 4 where the level is inherited from a group above; without
 * the scope for the API 1, and 2 of Git at a project that was named, 3 where it may push; a granular token 7 (also webhooks, statuses, and
 * Git's clone and push); a deploy token none of the API (1 without its prefix), 2 of Git at a project. Everything is read, nothing is written.
 * Throws Failure as a `ForgeApi` does, and WRONG_SERVER where no GitLab answers.
 */
export async function verifyToken(connection: ForgeConnection, repository: string | undefined, signal: AbortSignal): Promise<TokenReport> {
  const verification: Verification = { connection, calls: openCalls(connection), signal, repository };
  if (connection.secret.startsWith('gldt-')) return verifyDeployToken(verification);
  const self = await readSelf(verification);
  if (self === 'refused') return verifyDeployToken(verification);
  const { scopes } = self;
  const user = scopes === undefined || reads(scopes, READS_USER) ? await readUser(verification) : undefined;
  if (self.is === 'no personal token' && user === undefined) throw wrongServer();
  const sight = scopes === undefined || reads(scopes, READS_PROJECTS) ? await look(verification, user?.id) : unasked(repository);
  // Its user says nothing of the kind of a token that is not a personal one.
  const kind: TokenKind = self.is === 'token' ? (user?.kind ?? 'unknown') : 'unknown';
  const known = { kind, sight, url: connection.url };
  const base = { login: user?.login, expiry: self.expiry, kind, scopes, repository: 'fullName' in sight ? sight.fullName : undefined };
  if (scopes === undefined) {
    const api = sight.is === 'seen' ? await probeApi(verification, sight.fullName) : undefined;
    const git = sight.is === 'seen' ? await askGit(verification, sight) : {};
    return { ...base, ...judgeProbes(api, { ...known, git }) };
  }
  const git = sight.is === 'untold' ? await askGitAlone(verification, sight.fullName, scopes.includes('write_repository')) : {};
  return { ...base, ...judgeScopes(scopes, { ...known, git }) };
}

const PERMISSION = 'a personal, project or group access token';

interface Self {
  readonly is: 'token' | 'no personal token';
  readonly scopes: readonly string[] | undefined;
  readonly expiry: TokenExpiry;
}

const selfSchema = z.object({
  scopes: z.array(z.string().max(60)).default([]),
  granular: z.boolean().default(false),
  expires_at: z.string().nullish(),
});

/** `refused`: it may still be a deploy token of an old server, which has a user name of its own and no prefix. */
async function readSelf({ calls, signal, connection, repository }: Verification): Promise<Self | 'refused'> {
  try {
    const answer: unknown = await calls.call({ what: 'read the token', permission: PERMISSION }, signal, ({ tokens }) => tokens.show());
    const self = selfSchema.safeParse(answer);
    if (!self.success) throw wrongServer();
    const { scopes, granular, expires_at: end } = self.data;
    return { is: 'token', scopes: granular ? undefined : scopes, expiry: toExpiry(end) };
  } catch (error) {
    if (!isFailure(error)) throw error;
    if (error.code === 'AUTH_FAILED' && connection.username !== undefined && repository !== undefined) return 'refused';
    // Old servers do not know the address; a token of OAuth or of a job is told that it is of another kind.
    if (error.code === 'REPO_NOT_FOUND' || error.code === 'PROVIDER_REFUSED')
      return { is: 'no personal token', scopes: undefined, expiry: 'unknown' };
    throw isElsewhere(error) ? wrongServer(error) : error;
  }
}

/** A page where JSON should be, or the way to one. */
function isElsewhere({ code, message }: Failure): boolean {
  return code === 'REPO_MOVED' || (code === 'PROVIDER_FAILED' && /no JSON|leads to a page/.test(message));
}

function wrongServer(cause?: unknown): Failure {
  return new Failure('WRONG_SERVER', { message: 'The server at the url of the token does not answer as GitLab does.', cause });
}

/** A date: the token is dead from its first moment in UTC (PROVIDERS.md 1.2). */
function toExpiry(end: string | null | undefined): TokenExpiry {
  if (end === null || end === undefined) return end === null ? 'none' : 'unknown';
  const at = new Date(end);
  return Number.isNaN(at.getTime()) ? 'unknown' : at;
}

function reads(scopes: readonly string[], accepted: readonly string[]): boolean {
  return accepted.some((scope) => scopes.includes(scope));
}

const userSchema = z.object({ id: z.int(), username: z.string().max(300), bot: z.boolean().optional() });

/** Tokens of projects and groups act as bots, whose names GitLab makes. undefined where the token may not ask. */
async function readUser(verification: Verification) {
  const answer = await optional(verification, 'read whose token it is', ({ users }) => users.showCurrentUser());
  const user = userSchema.safeParse(answer).data;
  if (user === undefined) return undefined;
  const [, of] = /^(project|group)_\d+_bot/.exec(user.username) ?? [];
  const kind: TokenKind = of === 'project' || of === 'group' ? of : user.bot === true ? 'unknown' : 'personal';
  return { id: user.id, login: user.username, kind };
}

/** One call whose refusal says no more than that nothing is known; undefined then. */
async function optional({ calls, signal }: Verification, what: string, request: (gitlab: Gitlab) => Promise<unknown>): Promise<unknown> {
  try {
    return await calls.call({ what, permission: PERMISSION }, signal, request);
  } catch (error) {
    if (isFailure(error) && ['REPO_NOT_FOUND', 'PERM_MISSING', 'PROVIDER_REFUSED'].includes(error.code)) return undefined;
    throw error;
  }
}

const access = z.object({ access_level: z.int() }).nullish();
const projectSchema = z.object({
  path_with_namespace: z.string(),
  visibility: z.string().optional(),
  permissions: z.object({ project_access: access, group_access: access }).optional(),
});

/** The project that was named; else one that the token's user is a member of. */
async function look(verification: Verification, userId: number | undefined): Promise<Sight> {
  const { calls, signal, repository } = verification;
  try {
    const answer: unknown = await calls.call({ what: 'read the project', permission: PERMISSION }, signal, async ({ projects }) =>
      repository === undefined
        ? first(await projects.all({ membership: true, visibility: 'private', perPage: 1, maxPages: 1 }))
        : projects.show(repository),
    );
    const project = projectSchema.safeParse(answer).data;
    if (project === undefined) return { is: 'none' };
    const { path_with_namespace: fullName, visibility, permissions } = project;
    const levels = [permissions?.project_access?.access_level, permissions?.group_access?.access_level].filter(
      (level) => level !== undefined,
    );
    const level = levels.length > 0 ? Math.max(...levels) : await readLevel(verification, fullName, userId);
    return { is: 'seen', fullName, isPrivate: visibility !== 'public', level };
  } catch (error) {
    if (!isFailure(error)) throw error;
    if (error.code === 'REPO_NOT_FOUND') return repository === undefined ? { is: 'none' } : { is: 'hidden', fullName: repository };
    if (error.code === 'REPO_MOVED' && repository !== undefined) return { is: 'moved', fullName: repository };
    if (error.code === 'PERM_MISSING') return unasked(repository);
    throw error;
  }
}

function first(list: readonly unknown[]): unknown {
  return list[0];
}

function unasked(repository: string | undefined): Sight {
  return repository === undefined ? { is: 'none' } : { is: 'untold', fullName: repository };
}

const memberSchema = z.object({ access_level: z.int() });

/** What is inherited from groups further up shows only here. Who is no member has no level, in a project that is public. */
async function readLevel(verification: Verification, fullName: string, userId: number | undefined): Promise<number | undefined> {
  if (userId === undefined) return undefined;
  const answer = await optional(verification, 'read the membership', ({ members }) =>
    members.show(fullName, userId, { includeInherited: true }),
  );
  return answer === undefined ? 0 : memberSchema.safeParse(answer).data?.access_level;
}

async function probeApi(verification: Verification, fullName: string): Promise<ApiVerdicts> {
  const ask = async (what: string, request: (gitlab: Gitlab) => Promise<unknown>): Promise<ProbeVerdict> => {
    const { calls, signal } = verification;
    try {
      await calls.call({ what, permission: PERMISSION }, signal, request);
      return 'granted';
    } catch (error) {
      if (!isFailure(error)) throw error;
      if (error.code === 'PERM_MISSING') return 'denied';
      if (['REPO_NOT_FOUND', 'REPO_MOVED', 'PROVIDER_REFUSED', 'PROVIDER_FAILED'].includes(error.code)) return 'unknown';
      throw error;
    }
  };
  return {
    webhooks: await ask('list the webhooks', ({ hooks }) => hooks.all(fullName, { perPage: 1, page: 1 })),
    statuses: await ask('read the statuses', ({ commits }) => commits.allStatuses(fullName, 'HEAD')),
  };
}

async function askGit({ connection, signal }: Verification, { fullName }: Extract<Sight, { is: 'seen' }>): Promise<GitVerdicts> {
  const git = gitOf(connection, fullName);
  return { read: await probeGit(git, 'git-upload-pack', signal), push: await probeGit(git, 'git-receive-pack', signal) };
}

/** Where the API says nothing of the project, Git is asked whether it is public as well. */
async function askGitAlone({ connection, signal }: Verification, fullName: string, asksPush: boolean): Promise<GitVerdicts> {
  const git = gitOf(connection, fullName);
  const read = await probeRead(git, signal);
  return asksPush ? { read, push: await probeGit(git, 'git-receive-pack', signal) } : { read };
}

function gitOf({ url, username = 'oauth2', secret, fetch }: ForgeConnection, fullName: string): GitProbe {
  return { fetch, cloneUrl: `${url}/${fullName}.git`, access: { username, secret } };
}

/** GitLab answers one text for a wrong credential, a dead one and one without the scope, so that a refusal is all that is told. */
async function verifyDeployToken({ connection, signal, repository }: Verification): Promise<TokenReport> {
  const read = repository === undefined ? undefined : await probeRead(gitOf(connection, repository), signal);
  if (read === 'refused')
    throw new Failure('AUTH_FAILED', {
      message: 'GitLab does not let Git in with this user name and token: they are wrong, dead, or without read_repository.',
    });
  const seen: Seen = { kind: 'deploy', sight: unasked(repository), git: {}, url: connection.url };
  const judgement = judgeDeployToken(read, seen);
  return { ...judgement, kind: 'deploy', login: connection.username, expiry: 'unknown', scopes: undefined, repository };
}
