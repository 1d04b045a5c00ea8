import { createRepository, untilSynced } from './api.ts';
import { contextFiles } from './content.ts';
import type { Connected } from './forge.ts';
import type { Remote } from './git.ts';
import { makeRepository } from './git.ts';
import type { Scope } from './scope.ts';
import { withScope } from './scope.ts';

const WITHIN_MS = 14 * 60_000;

export interface FirstImport {
  readonly remote: Remote;
  readonly repositoryId: string;
  /** As the job result says: from the moment a worker took it to its end. */
  readonly runMs: number;
  /** As the person sees it: from the call that registers the repository. */
  readonly wallMs: number;
  /** Highest memory of the worker up to now. */
  readonly peakMb: number | undefined;
}

/** Publishes a repository of so many config contexts and has it imported. `name` is in the names of all, since an object has one owner. */
export async function importNew(scope: Scope, connected: Connected, name: string, files: number): Promise<FirstImport> {
  const { installation, worker, forge, credential } = connected;
  const remote = await withScope(scope, async (own) => {
    const made = await forge.createRepository(name);
    const local = await makeRepository(own, made);
    await local.commit(contextFiles(name, files));
    await local.push();
    return made;
  });
  const startedAt = performance.now();
  const repositoryId = await createRepository(installation, { provider: 'github', name, remote_url: remote.url, credential });
  const job = await untilSynced(installation, repositoryId, WITHIN_MS);
  const wallMs = performance.now() - startedAt;
  if (job.added !== files) throw new Error(`${job.added} of ${files} files became objects: ${job.summary}`);
  return { remote, repositoryId, runMs: job.doneAt - job.startedAt, wallMs, peakMb: worker.peakMb() };
}
