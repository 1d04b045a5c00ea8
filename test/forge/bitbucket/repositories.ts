import { readCommits } from '#test/forge/git/commits.ts';
import { listRefs, resolveCommit } from '#test/forge/git/refs.ts';
import type { Answer } from '#test/forge/http/exchange.ts';
import { NEEDS } from './access.ts';
import { repositoryEndpoint, type RepositoryCall, type RepositoryEndpoint } from './endpoint.ts';
import { notFound, refusal } from './errors.ts';
import { pageOf } from './pagination.ts';
import { commitShape, repositoryShape } from './shapes.ts';

export const repositoryEndpoints: readonly RepositoryEndpoint[] = [
  repositoryEndpoint('GET', '', NEEDS.readRepository, readRepository),
  repositoryEndpoint('GET', '/refs/branches', NEEDS.readRepository, listBranches),
  repositoryEndpoint('GET', '/commit/{commit}', NEEDS.readRepository, readCommit),
];

async function readRepository({ forge, repository, caller }: RepositoryCall): Promise<Answer> {
  const refs = await listRefs(repository.dir, 'refs/heads');
  return { status: 200, body: repositoryShape(forge.url, repository, caller?.login ?? 'ghost', refs.size === 0) };
}

async function listBranches(call: RepositoryCall): Promise<Answer> {
  const { forge, repository, url } = call;
  const [, operator, text] = /^name *(~|=) *"((?:[^"\\]|\\.)*)"$/.exec(url.searchParams.get('q') ?? '') ?? [];
  if (url.searchParams.has('q') && operator === undefined) return refusal(400, 'Invalid query');
  const wanted = text?.replaceAll(/\\(.)/g, '$1');
  const branches = [...(await listRefs(repository.dir, 'refs/heads'))]
    .map(([ref, hash]) => ({ name: ref.slice('refs/heads/'.length), hash }))
    .filter(({ name }) => wanted === undefined || (operator === '~' ? name.includes(wanted) : name === wanted));
  const commits = await readCommits(
    repository.dir,
    branches.map(({ hash }) => hash),
  );
  const targets = new Map(commits.map((commit) => [commit.id, commitShape(forge.url, repository, commit)]));
  return pageOf(call, branches, ({ name, hash }) => ({
    type: 'branch',
    name,
    target: targets.get(hash),
    merge_strategies: ['merge_commit'],
  }));
}

/** Also by the start of its id, as pull requests name their commits. */
async function readCommit({ forge, repository, params }: RepositoryCall): Promise<Answer> {
  const sha = await resolveCommit(repository.dir, params['commit'] ?? '');
  const [commit] = sha === undefined ? [] : await readCommits(repository.dir, [sha]);
  return commit === undefined ? notFound('Commit') : { status: 200, body: commitShape(forge.url, repository, commit) };
}
