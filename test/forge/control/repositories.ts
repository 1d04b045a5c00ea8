import { rmSync } from 'node:fs';
import { emailOf } from '#test/forge/accounts.ts';
import { announceRename } from '#test/forge/bitbucket/renames.ts';
import { uuidOf } from '#test/forge/bitbucket/uuid.ts';
import type { Forge } from '#test/forge/forge.ts';
import { createBare, setDefaultBranch } from '#test/forge/git/bare.ts';
import { writeCommits } from '#test/forge/git/fast-import.ts';
import { changeRefs, listRefs, ZERO } from '#test/forge/git/refs.ts';
import { fire } from '#test/forge/github/fire.ts';
import { fullNameOf, type Repository } from '#test/forge/repositories.ts';
import { newRepository, repositoryChange } from '#test/forge/wire.ts';
import { control, ControlError, repositoryParam, type ControlCall, type ControlEndpoint } from './endpoint.ts';

const REPOSITORY = '/repositories/{owner}/{name}';

export const repositoryControls: readonly ControlEndpoint[] = [
  control('POST', '/repositories', createRepository),
  control('GET', REPOSITORY, (call) => describe(call.forge, repositoryParam(call))),
  control('PATCH', REPOSITORY, changeRepository),
  control('DELETE', REPOSITORY, (call) => removeRepository(call.forge, repositoryParam(call))),
];

/** What a test wants to know of a repository: where it is and where its refs are. */
export interface RepositoryView {
  readonly id: number;
  /** What its provider calls it by, whatever its name is. */
  readonly remote_id: string;
  readonly full_name: string;
  readonly clone_url: string;
  readonly default_branch: string;
  readonly private: boolean;
  /** The tip of the default branch. */
  readonly head: string | null;
  readonly refs: Readonly<Record<string, string>>;
}

async function describe(forge: Forge, repository: Repository): Promise<RepositoryView> {
  const refs = await listRefs(repository.dir, 'refs');
  return {
    id: repository.id,
    remote_id: repository.provider === 'bitbucket' ? uuidOf(repository.id) : String(repository.id),
    full_name: fullNameOf(repository),
    clone_url: `${forge.url}/${fullNameOf(repository)}.git`,
    default_branch: repository.defaultBranch,
    private: repository.private,
    head: refs.get(`refs/heads/${repository.defaultBranch}`) ?? null,
    refs: Object.fromEntries(refs),
  };
}

async function createRepository({ forge, json }: ControlCall): Promise<RepositoryView> {
  const spec = await json(newRepository);
  const owner = forge.accounts.ensure(spec.owner, spec.owner_type);
  assertFree(forge, `${owner.login}/${spec.name}`);
  const now = new Date();
  const { name, default_branch: defaultBranch } = spec;
  const repository = forge.repositories.add({
    provider: spec.provider,
    owner,
    name,
    private: spec.private,
    archived: false,
    defaultBranch,
    createdAt: now,
    pushedAt: now,
  });
  createBare(repository.dir, defaultBranch, forge.hooksDir);
  if (spec.files !== undefined) {
    const change = { message: 'Initial commit', files: spec.files, delete: [] };
    const after = await writeCommits(repository.dir, null, [change], { name: owner.login, email: emailOf(owner) });
    await changeRefs(repository.dir, [{ ref: `refs/heads/${defaultBranch}`, before: ZERO, after }]);
  }
  return describe(forge, repository);
}

/** A new name leaves the old one behind as a redirection, until another repository takes it. */
async function changeRepository(call: ControlCall): Promise<RepositoryView> {
  const { forge } = call;
  const repository = repositoryParam(call);
  const {
    owner: login,
    name = repository.name,
    default_branch: defaultBranch = repository.defaultBranch,
    ...flags
  } = await call.json(repositoryChange);
  const owner = login === undefined ? repository.owner : forge.accounts.ensure(login, 'Organization');
  const renamed = fullNameOf({ owner, name }) !== fullNameOf(repository);
  if (renamed) assertFree(forge, fullNameOf({ owner, name }));
  await setDefaultBranch(repository.dir, defaultBranch);
  const changed = forge.repositories.change(repository.id, {
    owner,
    name,
    defaultBranch,
    private: flags.private ?? repository.private,
    archived: flags.archived ?? repository.archived,
  });
  if (repository.provider === 'bitbucket' && renamed) announceRename(forge, repository, changed);
  // GitLab tells a project's hooks nothing of its name.
  if (renamed && repository.provider === 'github') {
    const changes = { repository: { name: { from: repository.name } } };
    fire(forge, { repository: changed, sender: owner }, 'repository', { action: 'renamed', changes });
  }
  return describe(forge, changed);
}

function removeRepository(forge: Forge, repository: Repository): void {
  forge.repositories.remove(repository.id);
  for (const hook of forge.github.hooks.values()) if (hook.repositoryId === repository.id) forge.github.hooks.delete(hook.id);
  for (const hook of forge.gitlab.hooks.values()) if (hook.projectId === repository.id) forge.gitlab.hooks.delete(hook.id);
  for (const hook of forge.bitbucket.hooks.values()) if (hook.repositoryId === repository.id) forge.bitbucket.hooks.delete(hook.id);
  rmSync(repository.dir, { recursive: true, force: true });
}

function assertFree(forge: Forge, fullName: string): void {
  const found = forge.repositories.find(fullName);
  if (found !== undefined && !found.moved) throw new ControlError(409, `there is a repository ${fullName}`);
}
