import type { Api } from '#cli/client/api.ts';
import { createRepository, deleteRepository, findRepository, setCredential } from '#cli/client/repositories.ts';
import type { JobResult, Repository } from '#cli/client/shapes.ts';
import { askedSchema, readJobResult, runPageSchema } from '#cli/client/shapes.ts';
import type { RepositoryState } from '#cli/render/import-report.ts';
import type { AskedRun, ImportOptions } from './import.ts';

/** Finds or registers the repository and asks for its sync, or for a dry run. */
export async function askForUrl(api: Api, remoteUrl: string, options: ImportOptions): Promise<AskedRun> {
  const wish = { remoteUrl, name: options.name, ref: options.ref, pathPrefix: options.pathPrefix, credential: options.credential };
  const found = await findRepository(api, wish);
  if (options.dryRun === true) {
    if (found !== undefined) return ask(api, found, 'found', { dry_run: true }, credentialWarning(found, options.credential));
    return askTemporarily(api, await createRepository(api, wish, UNWATCHED));
  }
  const body = { force: options.force ?? false };
  if (found === undefined) return followFirst(api, await createRepository(api, wish), 'registered', body);
  if (options.credential === undefined || hasCredential(found, options.credential)) return ask(api, found, 'found', body);
  const before = await newestRun(api, found);
  return followFirst(api, await setCredential(api, found, options.credential), 'found', body, before?.id);
}

/** Registered, but nothing is done about it until it is asked for: no sync, no hook. */
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

/**
 * Registering or changing a repository asks for a sync by itself, and that run is the one that brings the content: a run asked for
 * after it would say that nothing changed. `before` is the run that was there already.
 */
async function followFirst(
  api: Api,
  repository: Repository,
  state: RepositoryState,
  body: Readonly<Record<string, boolean>>,
  before?: string,
): Promise<AskedRun> {
  const run = await newestRun(api, repository);
  if (run === undefined || run.id === before) return ask(api, repository, state, body);
  return { jobResult: run, repository: reported(repository, state), warnings: repository.warnings ?? [] };
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
    repository: reported(repository, state),
    warnings: [...warnings, ...(answer.warnings ?? []), ...(answer.warning === undefined ? [] : [answer.warning])],
  };
}

/** The newest sync of a repository, ended or not. */
async function newestRun(api: Api, { id }: Repository): Promise<JobResult | undefined> {
  const answer = await api.call('GET', '/api/extras/job-results/', { query: { repository_id: id, limit: 50 } });
  const run = runPageSchema.parse(answer).results.find((one) => !one.dry_run);
  return run === undefined ? undefined : readJobResult(run);
}

function reported({ id, name, url }: Repository, state: RepositoryState): AskedRun['repository'] {
  return { id, name, url, state };
}

function hasCredential({ credential }: Repository, wished: string): boolean {
  return credential?.id === wished || credential?.name === wished;
}

/** A dry run changes nothing, the repository's credential included. */
function credentialWarning(repository: Repository, credential: string | undefined): readonly string[] {
  if (credential === undefined || hasCredential(repository, credential)) return [];
  const present = repository.credential === null ? 'no credential' : `the credential ${repository.credential.name}`;
  return [`The dry run used ${present}, which the repository has; without --dry-run it would be given ${credential}.`];
}
