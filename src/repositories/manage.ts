import { v7 as newId } from 'uuid';
import { findCredential } from '#credentials/store.ts';
import type { Database, Tx } from '#db/database.ts';
import type { Links } from '#domain/links.ts';
import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import { notFound, refuseFields } from '#domain/refusal.ts';
import type { Refusal } from '#domain/refusal.ts';
import type { JobSender } from '#queue/queue.ts';
import { askForSync } from '#queue/turn.ts';
import type { RepositoryInput } from './input.ts';
import { checkInput } from './input.ts';
import { parsePathPrefix } from './path-prefix.ts';
import { overlap } from './provided-contents.ts';
import type { Reach, ReachDeps } from './reach.ts';
import { findReach, isSameServer } from './reach.ts';
import type { Repository } from './repository.ts';
import { toRepository } from './repository.ts';
import { slugify } from './slug.ts';
import type { RepositoryQuery, RepositoryRow } from './store.ts';
import {
  countBelongings,
  deleteRepository,
  findRepository,
  insertRepository,
  listLines,
  listNamesakes,
  listRepositories,
  listSameRemote,
  lockOrganizationRepositories,
  lockRepository,
  updateRepository,
} from './store.ts';

export interface RepositoryDeps extends ReachDeps {
  readonly database: Database;
  readonly queue: JobSender;
  readonly links: Links;
  /** Checks a remote's address; the answer is canonical. */
  readonly checkUrl: (text: string) => Result<{ readonly href: string }, { readonly message: string }>;
  readonly sameRemoteKey: (href: string) => string;
}

interface Acting {
  readonly organizationId: string;
  readonly userId: string;
}

type Tenant = Pick<Acting, 'organizationId'>;

export async function listAll(deps: RepositoryDeps, { organizationId }: Tenant, query: RepositoryQuery) {
  const { count, rows } = await listRepositories(deps.database, organizationId, query);
  const lines = await listLines(
    deps.database,
    rows.map((row) => row.id),
  );
  return {
    count,
    items: rows.map((row) =>
      toRepository(
        deps.links,
        row,
        lines.filter((line) => line.repository_id === row.id),
      ),
    ),
  };
}

export async function read(deps: RepositoryDeps, { organizationId }: Tenant, id: string): Promise<Result<Repository, Refusal>> {
  const row = await findRepository(deps.database, organizationId, id);
  return row === undefined ? err(notFound('repository')) : ok(await show(deps, row));
}

/** Registers a repository, asks for its first sync and for its hook: the background work that registering implies. */
export async function register(deps: RepositoryDeps, actor: Acting, input: RepositoryInput): Promise<Result<Repository, Refusal>> {
  const missing = {
    ...(input.name === undefined && { name: ['This field is required.'] }),
    ...(input.remote_url === undefined && { remote_url: ['This field is required.'] }),
  };
  const errors = { ...missing, ...checkInput(input) };
  if (Object.keys(errors).length > 0 || input.name === undefined || input.remote_url === undefined) return err(refuseFields(errors));
  const { name, remote_url } = input;
  return deps.database.transaction(async (tx) => {
    await lockOrganizationRepositories(tx, actor.organizationId);
    const remote = await checkRemote(deps, tx, actor, remote_url, input.credential ?? input.secrets_group ?? null);
    if (!remote.ok) return remote;
    const candidate = {
      id: newId(),
      name: name.trim(),
      slug: input.slug ?? slugify(name),
      remoteKey: deps.sameRemoteKey(remote.value.href),
      pathPrefix: prefixOf(input.path_prefix) ?? '',
      provided: input.provided_contents ?? null,
    };
    const clash = await findClash(tx, actor.organizationId, candidate, remote.value.href);
    if (clash !== undefined) return err(clash);
    await insertRepository(tx, {
      id: candidate.id,
      organization_id: actor.organizationId,
      name: candidate.name,
      slug: candidate.slug,
      remote_url: remote.value.href,
      remote_key: candidate.remoteKey,
      path_prefix: candidate.pathPrefix,
      ...reachColumns(remote.value.reach),
      ...columnsOf(input),
      created_by: actor.userId,
    });
    await askForSync(deps.queue, tx, { repositoryId: candidate.id, reason: 'registered', userId: actor.userId });
    if (remote.value.reach.credentialId !== null) await deps.queue.send(tx, 'register-hook', { repositoryId: candidate.id });
    return reread(deps, tx, actor.organizationId, candidate.id, []);
  });
}

/** What a change of it makes other content, so that a sync is asked for. */
const CONTENT_FIELDS = ['remote_url', 'ref', 'pinned_commit', 'path_prefix', 'provided_contents', 'credential_id'] as const;

/** Changes what is given. Another server drops the credential unless one is given in the same call. */
export async function change(
  deps: RepositoryDeps,
  actor: Acting,
  id: string,
  input: RepositoryInput,
): Promise<Result<Repository, Refusal>> {
  const errors = checkInput(input);
  if (Object.keys(errors).length > 0) return err(refuseFields(errors));
  return deps.database.transaction(async (tx) => {
    await lockOrganizationRepositories(tx, actor.organizationId);
    if (!(await lockRepository(tx, actor.organizationId, id))) return err(notFound('repository'));
    const row = await findRepository(tx, actor.organizationId, id);
    if (row === undefined) return err(notFound('repository'));
    if (input.slug !== undefined && input.slug !== row.slug) {
      return err(refuseFields({ slug: [`Slug cannot be changed once set. Current slug is ${row.slug}, requested slug is ${input.slug}`] }));
    }
    const plan = await planChange(deps, tx, actor, row, input);
    if (!plan.ok) return plan;
    const { columns, warnings } = plan.value;
    await updateRepository(tx, id, columns);
    const after = await findRepository(tx, actor.organizationId, id);
    const moved = after !== undefined && CONTENT_FIELDS.some((field) => JSON.stringify(after[field]) !== JSON.stringify(row[field]));
    if (moved) await askForSync(deps.queue, tx, { repositoryId: id, reason: 'changed', userId: actor.userId });
    if (after?.credential_id != null && (after.credential_id !== row.credential_id || after.remote_url !== row.remote_url)) {
      await deps.queue.send(tx, 'register-hook', { repositoryId: id });
    }
    return reread(deps, tx, actor.organizationId, id, warnings);
  });
}

/** What deleting a repository takes with it. */
export async function describeDeletion(
  deps: RepositoryDeps,
  { organizationId }: Tenant,
  id: string,
): Promise<Result<Readonly<Record<string, unknown>>, Refusal>> {
  const row = await findRepository(deps.database, organizationId, id);
  if (row === undefined) return err(notFound('repository'));
  const { objects, deliveries } = await countBelongings(deps.database, id);
  return ok({
    repository: row.name,
    objects: Object.fromEntries(objects.map(({ kind, count }) => [kind, count])),
    deliveries,
    webhook: row.hook_id === null ? null : { id: row.hook_id, at_provider: row.hook_remote_id },
  });
}

/** Deletes a repository with everything it owns, at once; its hook at the provider is removed in the background. */
export async function remove(deps: RepositoryDeps, { organizationId }: Tenant, id: string): Promise<Result<undefined, Refusal>> {
  return deps.database.transaction(async (tx) => {
    if (!(await lockRepository(tx, organizationId, id))) return err(notFound('repository'));
    const row = await findRepository(tx, organizationId, id);
    if (row === undefined) return err(notFound('repository'));
    await deleteRepository(tx, id);
    await deps.queue.send(tx, 'forget-repository', {
      repositoryId: id,
      credentialId: row.credential_id,
      remoteUrl: row.remote_url,
      remoteHookId: row.hook_remote_id,
    });
    return ok(undefined);
  });
}

interface PlannedChange {
  readonly columns: Parameters<typeof updateRepository>[2];
  readonly warnings: readonly string[];
}

async function planChange(
  deps: RepositoryDeps,
  tx: Tx,
  actor: Acting,
  row: RepositoryRow,
  input: RepositoryInput,
): Promise<Result<PlannedChange, Refusal>> {
  const warnings: string[] = [];
  const given = input.credential !== undefined ? input.credential : input.secrets_group;
  const moves = input.remote_url !== undefined && input.remote_url !== row.remote_url;
  const checkedUrl = moves ? deps.checkUrl(input.remote_url ?? '') : ok({ href: row.remote_url });
  if (!checkedUrl.ok) return err(refuseFields({ remote_url: [checkedUrl.error.message] }));
  const drops = given === undefined && row.credential_id !== null && !isSameServer(checkedUrl.value.href, row.remote_url);
  if (drops)
    warnings.push(
      `The credential "${row.credential_name ?? ''}" was dropped: it belongs to the server of the old remote_url. Give a credential for the new one.`,
    );
  const credential = given === undefined ? (drops ? null : row.credential_id) : given;
  const remote = moves || given !== undefined ? await checkRemote(deps, tx, actor, checkedUrl.value.href, credential) : undefined;
  if (remote !== undefined && !remote.ok) return remote;
  const href = remote?.value.href ?? row.remote_url;
  const candidate = {
    id: row.id,
    name: input.name?.trim() ?? row.name,
    slug: row.slug,
    remoteKey: deps.sameRemoteKey(href),
    pathPrefix: prefixOf(input.path_prefix) ?? row.path_prefix,
    provided: input.provided_contents === undefined ? row.provided_contents : input.provided_contents,
  };
  const clash = await findClash(tx, actor.organizationId, candidate, href);
  if (clash !== undefined) return err(clash);
  return ok({
    warnings,
    columns: {
      name: candidate.name,
      path_prefix: candidate.pathPrefix,
      ...columnsOf(input),
      ...(remote === undefined ? {} : { remote_url: href, remote_key: candidate.remoteKey, ...reachColumns(remote.value.reach) }),
      // Another remote is another repository to its provider too.
      ...(moves && candidate.remoteKey !== row.remote_key ? { remote_id: null, default_branch: null } : {}),
    },
  });
}

async function checkRemote(
  deps: RepositoryDeps,
  tx: Tx,
  actor: Acting,
  url: string,
  credential: string | null,
): Promise<Result<{ readonly href: string; readonly reach: Reach }, Refusal>> {
  const remote = deps.checkUrl(url);
  if (!remote.ok) return err(refuseFields({ remote_url: [remote.error.message] }));
  const found =
    credential === null
      ? undefined
      : await findCredential(tx, actor.organizationId, isUuid(credential) ? { id: credential } : { name: credential });
  if (credential !== null && found === undefined)
    return err(refuseFields({ credential: [`There is no credential ${JSON.stringify(credential)} in this organization.`] }));
  const reach = findReach(deps, remote.value.href, found);
  return reach.ok ? ok({ href: remote.value.href, reach: reach.value }) : err(refuseFields(reach.error));
}

interface Candidate {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly remoteKey: string;
  readonly pathPrefix: string;
  readonly provided: readonly string[] | null;
}

async function findClash(tx: Tx, organizationId: string, candidate: Candidate, href: string): Promise<Refusal | undefined> {
  const [namesake] = await listNamesakes(tx, organizationId, candidate);
  if (namesake !== undefined) {
    const field = namesake.name === candidate.name ? 'name' : 'slug';
    return refuseFields({ [field]: [`Git repository with this ${field} already exists.`] });
  }
  const same = await listSameRemote(tx, organizationId, candidate);
  const other = same.find((repository) => overlap(repository.provided_contents, candidate.provided).length > 0);
  if (other === undefined) return undefined;
  return refuseFields({
    remote_url: [
      `Another Git repository already configured for remote URL ${href} provides contents overlapping with this repository: ${other.name}.`,
    ],
  });
}

function columnsOf(input: RepositoryInput) {
  const ref = input.ref ?? input.branch;
  return {
    ...(ref === undefined ? {} : { ref }),
    ...(input.commit === undefined ? {} : { pinned_commit: input.commit }),
    ...(input.provided_contents === undefined
      ? {}
      : { provided_contents: input.provided_contents === null ? null : [...input.provided_contents] }),
    ...(input.update_policy === undefined ? {} : { update_policy: input.update_policy }),
    ...(input.admin_status === undefined ? {} : { admin_status: input.admin_status }),
    ...(input.description === undefined ? {} : { description: input.description }),
    ...(input.tags === undefined ? {} : { tags: JSON.stringify(input.tags) }),
  };
}

function reachColumns({ provider, providerUrl, credentialId }: Reach) {
  return { provider, provider_url: providerUrl, credential_id: credentialId };
}

function prefixOf(text: string | undefined): string | undefined {
  const prefix = text === undefined ? undefined : parsePathPrefix(text);
  return prefix?.ok === true ? prefix.value : undefined;
}

async function reread(
  deps: RepositoryDeps,
  tx: Tx,
  organizationId: string,
  id: string,
  warnings: readonly string[],
): Promise<Result<Repository, Refusal>> {
  const row = await findRepository(tx, organizationId, id);
  return row === undefined ? err(notFound('repository')) : ok(toRepository(deps.links, row, await listLines(tx, [id]), warnings));
}

async function show(deps: RepositoryDeps, row: RepositoryRow): Promise<Repository> {
  return toRepository(deps.links, row, await listLines(deps.database, [row.id]));
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text);
}
