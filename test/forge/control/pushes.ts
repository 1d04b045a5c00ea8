import { emailOf } from '#test/forge/accounts.ts';
import type { Forge } from '#test/forge/forge.ts';
import { importRaw, writeCommits, writeObject } from '#test/forge/git/fast-import.ts';
import { changeRefs, isAncestor, listRefs, readRef, resolveCommit, ZERO, type RefChange } from '#test/forge/git/refs.ts';
import { readGit } from '#test/forge/git/run.ts';
import { announcePush } from '#test/forge/pushed.ts';
import { fullNameOf, type Repository } from '#test/forge/repositories.ts';
import { newPush, newRefs, newTag } from '#test/forge/wire.ts';
import { readBody } from '#test/forge/http/exchange.ts';
import { actor, control, ControlError, getRepository, repositoryParam, type ControlCall, type ControlEndpoint } from './endpoint.ts';

export const pushControls: readonly ControlEndpoint[] = [
  control('POST', '/pushes', push),
  control('POST', '/refs', moveRefs),
  control('POST', '/tags', createTag),
  control('POST', '/repositories/{owner}/{name}/fast-import', fastImport),
  control('POST', '/repositories/{owner}/{name}/objects/{type}', storeObject),
];

/** What a push through the control API did. */
export interface PushView {
  readonly changes: readonly RefChange[];
  /** Where the first ref is now. */
  readonly after: string;
}

async function push({ forge, json }: ControlCall): Promise<PushView> {
  const spec = await json(newPush);
  const repository = getRepository(forge, spec.repository);
  const pusher = actor(forge, repository, spec.pusher);
  const ref = `refs/heads/${spec.branch}`;
  return forge.lock(repository.id, async () => {
    const before = (await readRef(repository.dir, ref)) ?? ZERO;
    const parent = spec.parent === undefined ? ((await readRef(repository.dir, ref)) ?? (await defaultTip(repository))) : spec.parent;
    const { message, files, delete: removed, author } = spec;
    const single = { message, files, delete: removed, ...(author === undefined ? {} : { author }) };
    const fallback = { name: pusher.login, email: emailOf(pusher) };
    const after = await writeCommits(repository.dir, parent, spec.commits ?? [single], fallback);
    if (!spec.force && before !== ZERO && !(await isAncestor(repository.dir, before, after)))
      throw new ControlError(409, `${ref} would lose commits; say force`);
    return announce(forge, repository, [{ ref, before, after }], spec);
  });
}

/** Moves, makes and removes refs to objects that are there, all in one push. Rewinding needs no permission. */
async function moveRefs({ forge, json }: ControlCall): Promise<PushView> {
  const spec = await json(newRefs);
  const repository = getRepository(forge, spec.repository);
  return forge.lock(repository.id, async () => {
    const refs = await listRefs(repository.dir, 'refs');
    const changes = spec.updates.map(({ ref, sha }) => ({ ref, before: refs.get(ref) ?? ZERO, after: sha ?? ZERO }));
    return announce(forge, repository, changes, spec);
  });
}

/** Annotated where it has a message. */
async function createTag({ forge, json }: ControlCall): Promise<PushView> {
  const spec = await json(newTag);
  const repository = getRepository(forge, spec.repository);
  const pusher = actor(forge, repository, spec.pusher);
  return forge.lock(repository.id, async () => {
    const target = await resolveCommit(repository.dir, spec.target);
    if (target === undefined) throw new ControlError(404, `there is no commit ${spec.target}`);
    const by = `${pusher.login} <${emailOf(pusher)}> ${Math.floor(Date.now() / 1000)} +0000`;
    const text = `object ${target}\ntype commit\ntag ${spec.tag}\ntagger ${by}\n\n${spec.message ?? ''}\n`;
    const after = spec.message === undefined ? target : await readGit(repository.dir, ['mktag'], text);
    return announce(forge, repository, [{ ref: `refs/tags/${spec.tag}`, before: ZERO, after }], spec);
  });
}

/** Takes a raw stream of `git fast-import`. `?silent` tells nobody. */
async function fastImport(call: ControlCall): Promise<PushView> {
  const { forge, stream, query } = call;
  const repository = repositoryParam(call);
  return forge.lock(repository.id, async () => {
    const changes = await importRaw(repository.dir, stream).catch((error: Error) => {
      throw new ControlError(422, error.message);
    });
    await announcePush(forge, { repository, changes, pusher: repository.owner, silent: query.has('silent') });
    return { changes, after: changes[0]?.after ?? ZERO };
  });
}

/** Writes any bytes as an object, unchecked. */
async function storeObject(call: ControlCall): Promise<{ readonly sha: string }> {
  const type = call.params['type'] ?? '';
  if (!['blob', 'tree', 'commit', 'tag'].includes(type)) throw new ControlError(400, `there is no type ${type}`);
  return { sha: await writeObject(repositoryParam(call).dir, type, await readBody(call.stream)) };
}

async function announce(
  forge: Forge,
  repository: Repository,
  changes: readonly RefChange[],
  { pusher, silent = false }: { readonly pusher?: string | undefined; readonly silent?: boolean },
): Promise<PushView> {
  await changeRefs(repository.dir, changes).catch((error: Error) => {
    throw new ControlError(422, error.message);
  });
  const by = actor(forge, repository, pusher);
  const body = { refs: changes };
  forge.effects.add({ method: 'PUSH', path: `/${fullNameOf(repository)}.git`, token: null, status: 200, answered: 200, body });
  await announcePush(forge, { repository, changes, pusher: by, silent });
  return { changes, after: changes[0]?.after ?? ZERO };
}

async function defaultTip(repository: Repository): Promise<string | null> {
  return (await readRef(repository.dir, `refs/heads/${repository.defaultBranch}`)) ?? null;
}
