import { readCommits } from '#test/forge/git/commits.ts';
import { listRefs, resolveCommit } from '#test/forge/git/refs.ts';
import { readGit } from '#test/forge/git/run.ts';
import type { Answer } from '#test/forge/http/exchange.ts';
import { NEEDS, roleIn } from './access.ts';
import { numberParam, repositoryEndpoint, type RepositoryCall, type RepositoryEndpoint } from './endpoint.ts';
import { errorAnswer, noCommit, notFound } from './errors.ts';
import { pageOf } from './pagination.ts';
import { pullShape, pullsOf } from './pulls.ts';
import { apiUrlOf, commitShape, repositoryShape } from './shapes.ts';

/** The repository itself, its branches, commits and pull requests. Later ones of these paths are less specific. */
export const contentEndpoints: readonly RepositoryEndpoint[] = [
  repositoryEndpoint('GET', '', NEEDS.metadata, readRepository),
  repositoryEndpoint('GET', '/branches', NEEDS.contents, listBranches),
  repositoryEndpoint('GET', '/branches/{branch*}', NEEDS.contents, readBranch),
  repositoryEndpoint('GET', '/commits', NEEDS.contents, listCommits),
  repositoryEndpoint('GET', '/commits/{ref*}', NEEDS.contents, readCommit),
  repositoryEndpoint('GET', '/pulls', NEEDS.readPulls, listPulls),
  repositoryEndpoint('GET', '/pulls/{number}', NEEDS.readPulls, readPull),
];

function readRepository({ forge, repository, caller }: RepositoryCall): Answer {
  const role = caller === undefined ? undefined : roleIn(caller, repository);
  return { status: 200, body: repositoryShape(forge.url, repository, role) };
}

async function listBranches(call: RepositoryCall): Promise<Answer> {
  const branches = [...(await listRefs(call.repository.dir, 'refs/heads'))];
  return pageOf(call, branches, ([ref, sha]) => ({
    name: ref.slice('refs/heads/'.length),
    commit: { sha, url: `${apiUrlOf(call.forge.url, call.repository)}/commits/${sha}` },
    protected: false,
  }));
}

async function readBranch({ forge, repository, params }: RepositoryCall): Promise<Answer> {
  const name = params['branch'] ?? '';
  const sha = (await listRefs(repository.dir, 'refs/heads')).get(`refs/heads/${name}`);
  if (sha === undefined) return errorAnswer(404, 'Branch not found');
  const [commit] = await readCommits(repository.dir, [sha]);
  if (commit === undefined) return errorAnswer(404, 'Branch not found');
  return { status: 200, body: { name, commit: commitShape(forge.url, repository, commit), protected: false } };
}

async function listCommits(call: RepositoryCall): Promise<Answer> {
  const { forge, repository, query } = call;
  if ((await listRefs(repository.dir, 'refs')).size === 0) return errorAnswer(409, 'Git Repository is empty.');
  const start = await resolveCommit(repository.dir, query.get('sha') ?? repository.defaultBranch);
  if (start === undefined) return notFound();
  const ids = (await readGit(repository.dir, ['rev-list', start])).split('\n');
  const page = pageOf(call, ids, String);
  const commits = await readCommits(repository.dir, Array.isArray(page.body) ? page.body.map(String) : []);
  return { ...page, body: commits.map((commit) => commitShape(forge.url, repository, commit)) };
}

async function readCommit({ forge, repository, params }: RepositoryCall): Promise<Answer> {
  const ref = params['ref'] ?? '';
  const sha = await resolveCommit(repository.dir, ref.replace(/^refs\//, ''));
  if (sha === undefined)
    return (await listRefs(repository.dir, 'refs')).size === 0 ? errorAnswer(409, 'Git Repository is empty.') : noCommit(ref);
  const [commit] = await readCommits(repository.dir, [sha]);
  return commit === undefined ? noCommit(ref) : { status: 200, body: commitShape(forge.url, repository, commit) };
}

function listPulls(call: RepositoryCall): Answer {
  const { forge, repository, query } = call;
  const state = query.get('state') ?? 'open';
  const [base, head] = [query.get('base'), query.get('head')];
  const shown = pullsOf(forge, repository).filter(
    (pull) =>
      (state === 'all' || pull.state === state) && (base === null || pull.base.ref === base) && (head === null || pull.head.label === head),
  );
  return pageOf(call, shown.toReversed(), (pull) => pullShape(forge, repository, pull));
}

function readPull(call: RepositoryCall): Answer {
  const { forge, repository } = call;
  const pull = pullsOf(forge, repository).find(({ number }) => number === numberParam(call, 'number'));
  return pull === undefined ? notFound() : { status: 200, body: pullShape(forge, repository, pull) };
}
