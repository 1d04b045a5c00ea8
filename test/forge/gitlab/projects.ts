import type { Forge } from '#test/forge/forge.ts';
import { readCommits } from '#test/forge/git/commits.ts';
import { listRefs, resolveCommit } from '#test/forge/git/refs.ts';
import type { Answer } from '#test/forge/http/exchange.ts';
import { fullNameOf, type Repository } from '#test/forge/repositories.ts';
import { isVisible, levelIn, NEEDS } from './access.ts';
import { projectEndpoint, numberParam, type Call, type ProjectCall, type ProjectEndpoint } from './endpoint.ts';
import { notFound, parameterError, refusal } from './errors.ts';
import { flagOf, textOf, wholeOf } from './input.ts';
import { keysetPageOf, pageOf } from './pagination.ts';
import { commitShape, projectShape, simpleProject, userShape } from './shapes.ts';

/** Beyond it, only pages that follow the last id. */
const MAX_OFFSET = 50_000;

export const projectEndpoints: readonly ProjectEndpoint[] = [
  projectEndpoint('GET', '', NEEDS.readProject, readProject),
  projectEndpoint('GET', '/repository/branches', NEEDS.readCode, listBranches),
  projectEndpoint('GET', '/repository/branches/{branch}', NEEDS.readCode, readBranch),
  projectEndpoint('GET', '/repository/commits/{ref}', NEEDS.readCode, readCommit),
  projectEndpoint('GET', '/members/all/{user}', NEEDS.readMembers, readMember),
];

/** Those that the caller may see; the newest first. */
export async function listProjects(call: Call): Promise<Answer> {
  const { forge, caller, input } = call;
  const keyset = textOf(input, 'pagination') === 'keyset';
  if (keyset && textOf(input, 'order_by') !== 'id')
    return parameterError('Keyset pagination is not yet available for this type of request', 405);
  const level = Math.max(
    wholeOf(input, 'min_access_level') ?? 0,
    flagOf(input, 'membership') === true || flagOf(input, 'owned') === true ? 1 : 0,
  );
  const wanted = textOf(input, 'search')?.toLowerCase();
  const visibility = textOf(input, 'visibility');
  const shown = forge.repositories
    .list('gitlab')
    .filter(
      (project) =>
        isVisible(caller, project) &&
        (levelIn(caller, project) ?? 0) >= level &&
        (wanted === undefined || project.name.toLowerCase().includes(wanted)) &&
        (visibility === undefined || (visibility === 'private') === project.private) &&
        (flagOf(input, 'archived') ?? project.archived) === project.archived,
    );
  const empty = new Set(await emptyOnes(shown));
  const describe = (project: Repository): unknown =>
    flagOf(input, 'simple') === true || caller === undefined
      ? simpleProject(forge.url, project, empty.has(project.id))
      : projectShape(forge.url, project, caller, empty.has(project.id));
  if (keyset) return keysetPageOf(call, shown, describe);
  if (((wholeOf(input, 'page') ?? 1) - 1) * (wholeOf(input, 'per_page') ?? 20) > MAX_OFFSET)
    return parameterError(
      `Offset pagination has a maximum allowed offset of ${MAX_OFFSET} for requests that return objects of type Project. ` +
        'Remaining records can be retrieved using keyset pagination.',
      405,
    );
  const ascending = textOf(input, 'sort') === 'asc';
  return pageOf(call, ascending ? shown : shown.toReversed(), describe);
}

async function readProject({ forge, project, caller }: ProjectCall): Promise<Answer> {
  const [empty] = await emptyOnes([project]);
  return { status: 200, body: projectShape(forge.url, project, caller, empty !== undefined) };
}

async function emptyOnes(projects: readonly Repository[]): Promise<readonly number[]> {
  const refs = await Promise.all(projects.map(({ dir }) => listRefs(dir, 'refs/heads')));
  return projects.filter((_, index) => refs[index]?.size === 0).map(({ id }) => id);
}

async function listBranches(call: ProjectCall): Promise<Answer> {
  const { forge, project, input } = call;
  const search = textOf(input, 'search');
  const branches = [...(await listRefs(project.dir, 'refs/heads'))]
    .map(([ref, sha]) => ({ name: ref.slice('refs/heads/'.length), sha }))
    .filter(({ name }) => search === undefined || matchesSearch(name, search));
  const page = pageOf(call, branches, ({ name }) => name);
  if (page.status !== 200) return page;
  const shown = branches.filter(({ name }) => Array.isArray(page.body) && page.body.includes(name));
  return { ...page, body: await Promise.all(shown.map((branch) => branchShape(forge, project, branch))) };
}

/** `^begins`, `ends$`, else a part of it. */
function matchesSearch(name: string, search: string): boolean {
  if (search.startsWith('^')) return name.startsWith(search.slice(1));
  return search.endsWith('$') ? name.endsWith(search.slice(0, -1)) : name.includes(search);
}

async function readBranch({ forge, project, params }: ProjectCall): Promise<Answer> {
  const name = params['branch'] ?? '';
  const sha = (await listRefs(project.dir, 'refs/heads')).get(`refs/heads/${name}`);
  return sha === undefined ? notFound('Branch') : { status: 200, body: await branchShape(forge, project, { name, sha }) };
}

async function branchShape(
  { url }: Pick<Forge, 'url'>,
  project: Repository,
  { name, sha }: { readonly name: string; readonly sha: string },
): Promise<Record<string, unknown>> {
  const [commit] = await readCommits(project.dir, [sha]);
  const isDefault = name === project.defaultBranch;
  return {
    name,
    commit: commit === undefined ? { id: sha } : commitShape(url, project, commit),
    merged: false,
    protected: isDefault,
    developers_can_push: false,
    developers_can_merge: false,
    can_push: true,
    default: isDefault,
    web_url: `${url}/${fullNameOf(project)}/-/tree/${name}`,
  };
}

async function readCommit({ forge, project, params }: ProjectCall): Promise<Answer> {
  const sha = await resolveCommit(project.dir, params['ref'] ?? '');
  const [commit] = sha === undefined ? [] : await readCommits(project.dir, [sha]);
  return commit === undefined ? notFound('Commit') : { status: 200, body: { ...commitShape(forge.url, project, commit), status: null } };
}

/** Members by inheritance too. Only the caller's own membership is known here: others are 404. */
function readMember(call: ProjectCall): Answer {
  const { forge, caller, project, account } = call;
  const level = levelIn(caller, project);
  if (level === undefined || numberParam(call, 'user') !== account.id) return refusal(404, '404 Not found');
  return { status: 200, body: { ...userShape(forge.url, account), access_level: level, expires_at: null } };
}
