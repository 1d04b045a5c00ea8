import type { Api } from '#cli/client/api.ts';
import { createRepository, deleteRepository, ensureCredential, findRepository } from '#cli/client/repositories.ts';
import type { Repository } from '#cli/client/shapes.ts';
import { askedSchema, readJobResult } from '#cli/client/shapes.ts';
import type { RepositoryState } from '#cli/render/import-report.ts';
import type { AskedRun, ImportOptions } from './import.ts';

/** Finds or registers the repository and asks for its sync, or for a dry run. */
export async function askForUrl(api: Api, remoteUrl: string, options: ImportOptions): Promise<AskedRun> {
  const wish = { remoteUrl, name: options.name, ref: options.ref, pathPrefix: options.pathPrefix, credential: options.credential };
  const found = await findRepository(api, wish);
  if (options.dryRun !== true) {
    const repository = found === undefined ? await createRepository(api, wish) : await withCredential(api, found, options.credential);
    return ask(api, repository, found === undefined ? 'registered' : 'found', { force: options.force ?? false });
  }
  if (found !== undefined) return ask(api, found, 'found', { dry_run: true }, credentialWarning(found, options.credential));
  return askTemporarily(api, await createRepository(api, wish, UNWATCHED));
}

/** Registered, but nothing is done about it until it is asked for: no sync, no polling. */
const UNWATCHED = { admin_status: 'inactive', update_policy: 'manual' };

/** A dry run is computed by the service from a repository it knows; one it did not know is forgotten again, whatever happens. */
async function askTemporarily(api: Api, repository: Repository): Promise<AskedRun> {
  const cleanUp = (): Promise<void> => deleteRepository(api, repository.id);
  try {
    return { ...(await ask(api, repository, 'temporary', { dry_run: true })), cleanUp };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

async function ask(
  api: Api,
  repository: Repository,
  state: RepositoryState,
  body: Readonly<Record<string, boolean>>,
  warnings: readonly string[] = [],
): Promise<AskedRun> {
  const answer = askedSchema.parse(await api.call('POST', `/api/extras/git-repositories/${repository.id}/sync/`, { body }));
  return {
    jobResult: readJobResult(answer.job_result),
    repository: { id: repository.id, name: repository.name, url: repository.url, state },
    warnings: [
      ...warnings,
      ...(repository.warnings ?? []),
      ...(answer.warnings ?? []),
      ...(answer.warning === undefined ? [] : [answer.warning]),
    ],
  };
}

async function withCredential(api: Api, repository: Repository, credential: string | undefined): Promise<Repository> {
  return credential === undefined ? repository : ensureCredential(api, repository, credential);
}

/** A dry run changes nothing, the repository's credential included. */
function credentialWarning(repository: Repository, credential: string | undefined): readonly string[] {
  if (credential === undefined || repository.credential?.name === credential || repository.credential?.id === credential) return [];
  const present = repository.credential === null ? 'no credential' : `the credential ${repository.credential.name}`;
  return [`The dry run used ${present}, which the repository has; without --dry-run it would be given ${credential}.`];
}
