import { bindOrigin } from '#credentials/passwords/store.ts';
import { checkNetwork, saveNetwork } from '#credentials/network/settings.ts';
import { transactionAgain } from '#db/again.ts';
import type { Tx } from '#db/database.ts';
import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import { notFound, refuseFields } from '#domain/refusal.ts';
import type { Refusal } from '#domain/refusal.ts';
import { askForSync } from '#queue/ask.ts';
import { checkRemote, columnsOf, findClash, prefixOf, reachColumns } from './candidate.ts';
import type { RepositoryInput } from './input.ts';
import { checkInput, credentialOf, refuseUnsupported } from './input.ts';
import type { Acting, RepositoryDeps } from './manage.ts';
import { reread } from './manage.ts';
import { isSameServer } from './reach.ts';
import type { Repository } from './repository.ts';
import type { RepositoryRow } from './store.ts';
import { findRepository, forgetReach, forgetRemoteHook, lockOrganizationRepositories, lockRepository, updateRepository } from './store.ts';

/** What a change of it makes other content, so that a sync is asked for. */
const CONTENT_FIELDS = ['remote_url', 'ref', 'pinned_commit', 'path_prefix', 'provided_contents', 'credential_id'] as const;

/** Whoever was reached, or not, was reached by these. */
const REACH_FIELDS = ['remote_url', 'credential_id'] as const;

/** Changes what is given. Another server drops the credential unless one is given in the same call. */
export async function change(
  deps: RepositoryDeps,
  actor: Acting,
  id: string,
  input: RepositoryInput,
): Promise<Result<Repository, Refusal>> {
  const unsupported = refuseUnsupported(input);
  if (unsupported !== undefined) return err(unsupported);
  const errors = { ...checkInput(input), ...checkNetwork(input.network, deps.checkUrl, deps.now()) };
  if (Object.keys(errors).length > 0) return err(refuseFields(errors));
  return transactionAgain(deps.database, async (tx) => {
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
    await bindOrigin(tx, columns.credential_id ?? null, columns.remote_url ?? row.remote_url);
    const place = { owner: { repositoryId: id }, organizationId: actor.organizationId, now: deps.now() };
    const goesAnotherWay = await saveNetwork(deps, tx, place, input.network);
    const after = await findRepository(tx, actor.organizationId, id);
    if (after === undefined) return err(notFound('repository'));
    await askForWhatFollows(deps, tx, actor, { before: row, after, goesAnotherWay });
    return reread(deps, tx, actor.organizationId, id, warnings);
  });
}

interface MadeChange {
  readonly before: RepositoryRow;
  readonly after: RepositoryRow;
  /** Its server is reached by another network than before. */
  readonly goesAnotherWay: boolean;
}

/** The background work that a change implies. */
async function askForWhatFollows(deps: RepositoryDeps, tx: Tx, actor: Acting, made: MadeChange): Promise<void> {
  const { before, after, goesAnotherWay } = made;
  const { id } = after;
  const differs = (field: keyof RepositoryRow): boolean => JSON.stringify(after[field]) !== JSON.stringify(before[field]);
  if (goesAnotherWay || REACH_FIELDS.some(differs)) await forgetReach(tx, id);
  const wakes = before.admin_status === 'inactive' && differs('admin_status');
  if (wakes || (goesAnotherWay && after.admin_status !== 'inactive') || CONTENT_FIELDS.some(differs))
    await askForSync(deps.queue, tx, { repositoryId: id, reason: 'changed', userId: actor.userId });
  if (differs('remote_key') && before.hook_remote_id !== null) {
    // The old remote would go on delivering, under a secret that is still valid.
    await deps.queue.send(tx, 'forget-repository', {
      repositoryId: id,
      credentialId: before.credential_id,
      remoteUrl: before.remote_url,
      remoteHookId: before.hook_remote_id,
    });
    await forgetRemoteHook(tx, id);
  }
  if (after.credential_id !== null && (wakes || differs('credential_id') || differs('remote_key')))
    await deps.queue.send(tx, 'register-hook', { repositoryId: id });
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
  const given = credentialOf(input);
  const moves = input.remote_url !== undefined && input.remote_url !== row.remote_url;
  const checkedUrl = moves ? deps.checkUrl(input.remote_url ?? '') : ok({ href: row.remote_url });
  if (!checkedUrl.ok) return err(refuseFields({ remote_url: [checkedUrl.error.message] }));
  const drops = given === undefined && row.credential_id !== null && !isSameServer(checkedUrl.value.href, row.remote_url);
  if (drops)
    warnings.push(
      `The credential "${row.credential_name ?? ''}" was dropped: it belongs to the server of the old remote_url. Give a credential for the new one.`,
    );
  const credential = given ?? { field: 'credential' as const, value: drops ? null : row.credential_id };
  const remote =
    moves || given !== undefined ? await checkRemote(deps, tx, actor.organizationId, checkedUrl.value.href, credential) : undefined;
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
