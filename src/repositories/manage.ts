import { v7 as newId } from 'uuid';
import { checkNetwork, saveNetwork } from '#credentials/network/settings.ts';
import { bindOrigin } from '#credentials/passwords/store.ts';
import { findNetwork, listNetworks } from '#credentials/network/store.ts';
import type { Reader } from '#credentials/store.ts';
import type { Vault } from '#credentials/vault.ts';
import { transactionAgain } from '#db/again.ts';
import type { Database } from '#db/database.ts';
import type { Links } from '#domain/links.ts';
import { readSnapshot } from '#db/snapshot.ts';
import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import { notFound, refuseFields } from '#domain/refusal.ts';
import type { Refusal } from '#domain/refusal.ts';
import type { JobSender } from '#queue/queue.ts';
import { askForSync } from '#queue/ask.ts';
import type { CandidateDeps } from './candidate.ts';
import { checkRemote, columnsOf, findClash, prefixOf, reachColumns } from './candidate.ts';
import type { RepositoryInput } from './input.ts';
import { checkInput, credentialOf, refuseUnsupported } from './input.ts';
import type { Repository } from './repository.ts';
import { toRepository } from './repository.ts';
import { slugify } from './slug.ts';
import type { RepositoryQuery } from './list/store.ts';
import { listRepositories } from './list/store.ts';
import {
  countBelongings,
  deleteRepository,
  findRepository,
  insertRepository,
  listLines,
  lockOrganizationRepositories,
  lockRepository,
} from './store.ts';

export interface RepositoryDeps extends CandidateDeps {
  readonly database: Database;
  readonly queue: JobSender;
  readonly links: Links;
  readonly vault: Pick<Vault, 'seal'>;
  readonly now: () => Date;
}

export interface Acting {
  readonly organizationId: string;
  readonly userId: string;
}

type Tenant = Pick<Acting, 'organizationId'>;

export async function listAll(deps: RepositoryDeps, { organizationId }: Tenant, query: RepositoryQuery) {
  const { count, rows, lines, networks } = await readSnapshot(deps.database, async (snapshot) => {
    const listed = await listRepositories(snapshot, organizationId, query);
    const ids = listed.rows.map((row) => row.id);
    return { ...listed, lines: await listLines(snapshot, ids), networks: await listNetworks(snapshot, 'repository_id', ids) };
  });
  return {
    count,
    items: rows.map((row) =>
      toRepository(
        deps.links,
        row,
        lines.filter((line) => line.repository_id === row.id),
        { network: networks.get(row.id) },
      ),
    ),
  };
}

export async function read(deps: RepositoryDeps, { organizationId }: Tenant, id: string): Promise<Result<Repository, Refusal>> {
  return readSnapshot(deps.database, async (snapshot) => {
    return reread(deps, snapshot, organizationId, id, []);
  });
}

/** Registers a repository and, unless it is inactive, asks for its first sync and for its hook: the background work that registering implies. */
export async function register(deps: RepositoryDeps, actor: Acting, input: RepositoryInput): Promise<Result<Repository, Refusal>> {
  const unsupported = refuseUnsupported(input);
  if (unsupported !== undefined) return err(unsupported);
  const missing = {
    ...(input.name === undefined && { name: ['This field is required.'] }),
    ...(input.remote_url === undefined && { remote_url: ['This field is required.'] }),
  };
  const errors = { ...missing, ...checkInput(input), ...checkNetwork(input.network, deps.checkUrl, deps.now()) };
  if (Object.keys(errors).length > 0 || input.name === undefined || input.remote_url === undefined) return err(refuseFields(errors));
  const { name, remote_url } = input;
  return deps.database.transaction(async (tx) => {
    await lockOrganizationRepositories(tx, actor.organizationId);
    const remote = await checkRemote(
      deps,
      tx,
      actor.organizationId,
      remote_url,
      credentialOf(input) ?? { field: 'credential', value: null },
    );
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
    await bindOrigin(tx, remote.value.reach.credentialId, remote.value.href);
    const place = { owner: { repositoryId: candidate.id }, organizationId: actor.organizationId, now: deps.now() };
    await saveNetwork(deps, tx, place, input.network);
    // An inactive one waits until it is made active; then the same follows (change.ts).
    if (input.admin_status === 'inactive') return reread(deps, tx, actor.organizationId, candidate.id, []);
    await askForSync(deps.queue, tx, { repositoryId: candidate.id, reason: 'registered', userId: actor.userId });
    if (remote.value.reach.credentialId !== null) await deps.queue.send(tx, 'register-hook', { repositoryId: candidate.id });
    return reread(deps, tx, actor.organizationId, candidate.id, []);
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
  return transactionAgain(deps.database, async (tx) => {
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

/** The repository as the transaction leaves it. */
export async function reread(
  deps: Pick<RepositoryDeps, 'links'>,
  tx: Reader,
  organizationId: string,
  id: string,
  warnings: readonly string[],
): Promise<Result<Repository, Refusal>> {
  const row = await findRepository(tx, organizationId, id);
  if (row === undefined) return err(notFound('repository'));
  const network = await findNetwork(tx, { repositoryId: id });
  return ok(toRepository(deps.links, row, await listLines(tx, [id]), { network, warnings }));
}
