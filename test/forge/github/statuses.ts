import { readCommits } from '#test/forge/git/commits.ts';
import { branchesAt, resolveCommit } from '#test/forge/git/refs.ts';
import type { Answer } from '#test/forge/http/exchange.ts';
import { NEEDS } from './access.ts';
import { repositoryEndpoint, type RepositoryCall, type RepositoryEndpoint } from './endpoint.ts';
import { invalid, noCommit } from './errors.ts';
import { fire, listeners } from './fire.ts';
import { pageOf } from './pagination.ts';
import { accountShape, apiUrlOf, commitShape, isoSeconds, repositoryShape, statusShape } from './shapes.ts';
import type { CommitStatus } from './state.ts';

/** Per commit and context. */
const MAX_STATUSES = 1_000;
const STATES = ['error', 'failure', 'pending', 'success'] as const;

export const statusEndpoints: readonly RepositoryEndpoint[] = [
  repositoryEndpoint('POST', '/statuses/{sha}', NEEDS.writeStatuses, postStatus),
  repositoryEndpoint('GET', '/commits/{ref*}/statuses', NEEDS.readStatuses, (call) => withCommit(call, (sha) => listStatuses(call, sha))),
  repositoryEndpoint('GET', '/statuses/{ref*}', NEEDS.readStatuses, (call) => withCommit(call, (sha) => listStatuses(call, sha))),
  repositoryEndpoint('GET', '/commits/{ref*}/status', NEEDS.readStatuses, (call) => withCommit(call, (sha) => combine(call, sha))),
];

async function withCommit(call: RepositoryCall, use: (sha: string) => Answer): Promise<Answer> {
  const ref = call.params['ref'] ?? '';
  const sha = await resolveCommit(call.repository.dir, ref.replace(/^refs\//, ''));
  return sha === undefined ? noCommit(ref) : use(sha);
}

/** The id must be a full one of a commit that is there: a branch's name is not. */
async function postStatus(call: RepositoryCall): Promise<Answer> {
  const { forge, repository, account, body } = call;
  const sha = call.params['sha'] ?? '';
  if (!(await isCommit(call, sha))) return noCommit(sha);
  const checked = checkStatus(body);
  if (typeof checked === 'string') return invalid(`Validation failed: ${checked}`);
  const same = statusesOf(call, sha).filter(({ context }) => context.toLowerCase() === checked.context.toLowerCase());
  if (same.length >= MAX_STATUSES)
    return invalid([{ resource: 'Status', code: 'custom', message: 'This SHA and context has reached the maximum number of statuses.' }]);
  const status: CommitStatus = {
    ...checked,
    id: 9_000_000 + forge.nextId(),
    repositoryId: repository.id,
    sha,
    createdAt: new Date(),
    creator: account,
  };
  forge.github.statuses.push(status);
  if (listeners(forge, repository, 'status').length > 0) await fireStatus(call, status);
  const shape = statusShape(forge.url, repository, status);
  return {
    status: 201,
    headers: { Location: `${apiUrlOf(forge.url, repository)}/statuses/${sha}` },
    body: { ...shape, creator: accountShape(forge.url, account) },
  };
}

/** Commits never go away here, so each is looked up once: reports come by the thousand. */
async function isCommit({ forge, repository }: RepositoryCall, sha: string): Promise<boolean> {
  const { knownCommits } = forge.github;
  const key = `${repository.id}:${sha}`;
  if (knownCommits.has(key)) return true;
  const found = /^[0-9a-f]{40}$/.test(sha) && (await readCommits(repository.dir, [sha]).catch(() => [])).length === 1;
  if (found) knownCommits.add(key);
  return found;
}

async function fireStatus({ forge, repository, account }: RepositoryCall, status: CommitStatus): Promise<void> {
  const { sha } = status;
  const [commits, branches] = await Promise.all([readCommits(repository.dir, [sha]), branchesAt(repository.dir, sha)]);
  fire(forge, { repository, sender: account }, 'status', {
    id: status.id,
    sha,
    name: repository.name,
    target_url: status.target_url,
    context: status.context,
    description: status.description,
    state: status.state,
    commit: commits.map((commit) => commitShape(forge.url, repository, commit)).at(0),
    branches: branches.map((branch) => ({ name: branch.slice('refs/heads/'.length), commit: { sha }, protected: false })),
    created_at: isoSeconds(status.createdAt),
    updated_at: isoSeconds(status.createdAt),
  });
}

type StatusInput = Pick<CommitStatus, 'state' | 'description' | 'target_url' | 'context'>;

/** The sentence that says what is wrong, or the status. */
function checkStatus(body: RepositoryCall['body']): StatusInput | string {
  const state = STATES.find((known) => known === body['state']);
  if (state === undefined) return 'State is not included in the list';
  const description = textOf(body['description']);
  if (description === undefined) return 'Description is invalid';
  if (lengthOf(description ?? '') > 140) return 'Description is too long (maximum is 140 characters)';
  const target_url = textOf(body['target_url']);
  if (target_url === undefined) return 'Target url is invalid';
  if (target_url !== null && target_url !== '' && !/^https?:\/\//i.test(target_url)) return 'Target url must use http(s) scheme';
  const context = textOf(body['context'] ?? 'default');
  if (typeof context !== 'string' || context === '') return 'Context is invalid';
  if (lengthOf(context) > 255) return 'Context is too long (maximum is 255 characters)';
  return { state, description, target_url, context };
}

/** In code points, as the provider counts. */
export function lengthOf(text: string): number {
  return Array.from(text).length;
}

function textOf(value: unknown): string | null | undefined {
  return value === undefined || value === null ? null : typeof value === 'string' ? value : undefined;
}

function statusesOf({ forge, repository }: RepositoryCall, sha: string): readonly CommitStatus[] {
  return forge.github.statuses.filter((status) => status.repositoryId === repository.id && status.sha === sha);
}

function listStatuses(call: RepositoryCall, sha: string): Answer {
  const { url } = call.forge;
  const describe = (status: CommitStatus): unknown => ({
    ...statusShape(url, call.repository, status),
    creator: accountShape(url, status.creator),
  });
  return pageOf(call, statusesOf(call, sha).toReversed(), describe);
}

/** The newest status of each context, contexts compared without case, and what they amount to together. */
function combine(call: RepositoryCall, sha: string): Answer {
  const { forge, repository } = call;
  const newest = new Map(statusesOf(call, sha).map((status) => [status.context.toLowerCase(), status]));
  const statuses = [...newest.values()];
  const page = pageOf(call, statuses, (status) => statusShape(forge.url, repository, status));
  const states = new Set(statuses.map(({ state }) => state));
  const state =
    states.has('error') || states.has('failure') ? 'failure' : states.size === 0 || states.has('pending') ? 'pending' : 'success';
  const url = `${apiUrlOf(forge.url, repository)}/commits/${sha}`;
  const shown = { state, statuses: page.body, sha, total_count: statuses.length };
  return {
    ...page,
    body: { ...shown, repository: repositoryShape(forge.url, repository, undefined), commit_url: url, url: `${url}/status` },
  };
}
