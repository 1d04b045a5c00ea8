import type { FormattedResponse } from '@gitbeaker/requester-utils';
import { createRequesterFn } from '@gitbeaker/requester-utils';
import {
  Branches,
  CommitDiscussions,
  Commits,
  GroupAccessTokens,
  PersonalAccessTokens,
  ProjectAccessTokens,
  ProjectHooks,
  ProjectMembers,
  Projects,
  Users,
} from '@gitbeaker/rest';
import type { Redactor } from '#domain/redact.ts';
import { createRedactor } from '#domain/redact.ts';
import type { ForgeConnection } from '#providers/contract.ts';
import { AnswerError } from './answer-error.ts';
import { tellRefusal } from '#providers/tell-refusal.ts';
import type { Doing } from './errors.ts';
import { toGitlabFailure } from './errors.ts';

export const GITLAB_URL = 'https://gitlab.com';
/** Of an answer that is an error; what GitLab says of one is short. */
const MOST_CHARACTERS = 10_000;

/** The parts of GitLab's REST API that are used, for one token and one call. */
export interface Gitlab {
  readonly projects: Projects;
  readonly hooks: ProjectHooks;
  readonly branches: Branches;
  readonly commits: Commits;
  readonly discussions: CommitDiscussions;
  readonly members: ProjectMembers;
  readonly tokens: PersonalAccessTokens;
  readonly projectTokens: ProjectAccessTokens;
  readonly groupTokens: GroupAccessTokens;
  readonly users: Users;
}

export interface GitlabCalls {
  /** Runs a call; whatever goes wrong becomes a Failure that says what could not be done. Nothing is retried: retries belong to the queue. */
  call<T>(doing: Doing, signal: AbortSignal, request: (gitlab: Gitlab) => Promise<T>): Promise<T>;
}

export function openCalls(connection: ForgeConnection): GitlabCalls {
  const redact = createRedactor([connection.secret]);
  return {
    async call(doing, signal, request) {
      try {
        return await request(openGitlab(connection, signal, redact));
      } catch (error) {
        if (signal.aborted && error instanceof Error && ['AbortError', 'TimeoutError'].includes(error.name)) throw error;
        const failure = toGitlabFailure(error, doing, new Date());
        await tellRefusal(connection, failure);
        throw failure;
      }
    },
  };
}

/**
 * Gitbeaker knows addresses and parameters. What it sends with is ours: its own way uses the process-wide fetch, repeats 429 and 502
 * by itself, follows redirects with the token, and takes no signal. So an instance is made for each call, around that call's signal.
 */
function openGitlab({ url, secret, fetch }: ForgeConnection, signal: AbortSignal, redact: Redactor): Gitlab {
  const options = {
    host: url,
    token: secret,
    queryTimeout: 0,
    rateLimits: {},
    requesterFn: createRequesterFn(
      (_service, request) => Promise.resolve(request),
      (endpoint, request = {}) => send({ fetch, signal, redact }, endpoint, request),
    ),
  };
  return {
    projects: new Projects(options),
    hooks: new ProjectHooks(options),
    branches: new Branches(options),
    commits: new Commits(options),
    discussions: new CommitDiscussions(options),
    members: new ProjectMembers(options),
    tokens: new PersonalAccessTokens(options),
    projectTokens: new ProjectAccessTokens(options),
    groupTokens: new GroupAccessTokens(options),
    users: new Users(options),
  };
}

interface Sending {
  readonly fetch: typeof globalThis.fetch;
  readonly signal: AbortSignal;
  readonly redact: Redactor;
}

/** As Gitbeaker hands a request over: all of it is text by then. */
interface GitlabRequest {
  readonly prefixUrl?: string;
  readonly searchParams?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

async function send({ fetch, signal, redact }: Sending, endpoint: string, request: GitlabRequest): Promise<FormattedResponse> {
  const { prefixUrl = '', searchParams, method = 'GET', headers, body } = request;
  const answer = await fetch(`${prefixUrl.replace(/\/+$/, '')}/${endpoint}${searchParams === undefined ? '' : `?${searchParams}`}`, {
    method,
    headers: { ...headers, accept: 'application/json', 'user-agent': 'tributary' },
    redirect: 'manual',
    signal,
    ...(body === undefined ? {} : { body }),
  });
  const text = await answer.text();
  const value = answer.ok ? parseJson(text) : undefined;
  // A server may say the token back; nothing of an answer is kept with it.
  if (value === undefined) throw new AnswerError(answer.status, Object.fromEntries(answer.headers), redact(text.slice(0, MOST_CHARACTERS)));
  return { status: answer.status, headers: Object.fromEntries(answer.headers), body: value.json };
}

function parseJson(text: string): { readonly json: FormattedResponse['body'] } | undefined {
  try {
    return { json: text === '' ? null : JSON.parse(text) };
  } catch {
    return undefined;
  }
}
