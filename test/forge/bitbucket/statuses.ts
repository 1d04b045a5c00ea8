import { resolveCommit } from '#test/forge/git/refs.ts';
import type { Answer } from '#test/forge/http/exchange.ts';
import { NEEDS } from './access.ts';
import { repositoryEndpoint, lengthOf, textOf, type RepositoryCall, type RepositoryEndpoint } from './endpoint.ts';
import { badFields, notFound } from './errors.ts';
import { pageOf } from './pagination.ts';
import { apiUrlOf } from './shapes.ts';
import type { BuildStatus } from './state.ts';
import { uuidOf } from './uuid.ts';

const BUILD = '/commit/{commit}/statuses/build';
const MAX_KEY = 40;
const STATES = ['SUCCESSFUL', 'FAILED', 'INPROGRESS', 'STOPPED'];

export const statusEndpoints: readonly RepositoryEndpoint[] = [
  repositoryEndpoint('POST', BUILD, NEEDS.writeStatuses, (call) =>
    withCommit(call, (sha) => writeStatus(call, sha, textOf(call.body, 'key'))),
  ),
  repositoryEndpoint('PUT', `${BUILD}/{key}`, NEEDS.writeStatuses, (call) =>
    withCommit(call, (sha) => writeStatus(call, sha, call.params['key'])),
  ),
  repositoryEndpoint('GET', `${BUILD}/{key}`, NEEDS.readRepository, (call) => withCommit(call, (sha) => readStatus(call, sha))),
  repositoryEndpoint('GET', '/commit/{commit}/statuses', NEEDS.readRepository, (call) =>
    withCommit(call, (sha) => pageOf(call, statusesOf(call, sha).toReversed(), (status) => statusShape(call, status))),
  ),
];

/** Writing takes the id in full. */
export async function withCommit(call: RepositoryCall, use: (sha: string) => Answer): Promise<Answer> {
  const id = call.params['commit'] ?? '';
  const sha = /^[0-9a-f]{40}$/.test(id) ? await resolveCommit(call.repository.dir, id) : undefined;
  return sha === undefined ? notFound('Commit') : use(sha);
}

function statusesOf({ forge, repository }: RepositoryCall, sha: string): readonly BuildStatus[] {
  return forge.bitbucket.statuses.filter((status) => status.repositoryId === repository.id && status.sha === sha);
}

function readStatus(call: RepositoryCall, sha: string): Answer {
  const status = statusesOf(call, sha).find(({ key }) => key === call.params['key']);
  return status === undefined ? notFound('Build status') : { status: 200, body: statusShape(call, status) };
}

/** One of each key at a commit: another one takes its place. */
function writeStatus(call: RepositoryCall, sha: string, key: string | undefined): Answer {
  const { forge, repository, account, body } = call;
  const [state, url] = [textOf(body, 'state'), textOf(body, 'url')];
  if (key === undefined || key === '') return badFields({ key: ['required key not provided'] });
  if (lengthOf(key) > MAX_KEY)
    return badFields({ key: [`Ensure this value has at most ${MAX_KEY} characters (it has ${lengthOf(key)}).`] });
  if (state === undefined || !STATES.includes(state))
    return badFields({ state: ['Must be one of SUCCESSFUL, FAILED, INPROGRESS, STOPPED'] });
  if (url === undefined || !/^https?:\/\//i.test(url) || !URL.canParse(url)) return badFields({ url: ['Enter a valid URL.'] });
  const told = {
    state,
    url,
    name: textOf(body, 'name') ?? null,
    description: textOf(body, 'description') ?? null,
    refname: textOf(body, 'refname') ?? null,
    updatedAt: new Date(),
  };
  const known = statusesOf(call, sha).find((status) => status.key === key);
  if (known !== undefined) {
    Object.assign(known, told);
    return { status: call.params['key'] === undefined ? 201 : 200, body: statusShape(call, known) };
  }
  const id = forge.nextId();
  const status: BuildStatus = { ...told, id, repositoryId: repository.id, sha, key, author: account, createdAt: new Date() };
  forge.bitbucket.statuses.push(status);
  return { status: 201, body: statusShape(call, status) };
}

function statusShape({ forge, repository }: RepositoryCall, status: BuildStatus): Record<string, unknown> {
  const { key, state, url, name, description, refname, sha } = status;
  const commit = `${apiUrlOf(forge.url, repository)}/commit/${sha}`;
  return {
    type: 'build',
    uuid: uuidOf(status.id),
    key,
    state,
    url,
    name,
    description,
    refname,
    commit: { type: 'commit', hash: sha },
    created_on: status.createdAt.toISOString(),
    updated_on: status.updatedAt.toISOString(),
    links: { self: { href: `${commit}/statuses/build/${encodeURIComponent(key)}` }, commit: { href: commit } },
  };
}
