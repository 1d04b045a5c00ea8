import { sql } from 'kysely';
import { pino } from 'pino';
import { createRemotes } from '#app/remotes.ts';
import { NO_TRACING } from '#domain/trace.ts';
import type { Git } from '#git/context.ts';
import type { LookDeps } from '#poll/look.ts';
import { look } from '#poll/look.ts';
import { createPace } from '#poll/pace.ts';
import { claimDue } from '#poll/store.ts';
import { openForge } from '#repositories/open.ts';
import { sendReport } from '#report/job.ts';
import { listProblems } from '#runs/problems/store.ts';
import { requestReport } from '#report/store.ts';
import { openRemoteSource } from '#sync/remote-source.ts';
import type { RunLog } from '#sync/run-log.ts';
import { createRecordingQueue } from './recording-queue.ts';
import type { TestHttp } from './http.ts';

const SIGNAL_MS = 120_000;

/** What a worker does with the remotes of a test's repositories, step by step and without its loop. */
export interface Remotes {
  /** Makes a repository due and looks at it; how many syncs were asked for. */
  readonly look: (repositoryId: string) => Promise<number>;
  /** Brings the remote here as a sync does; what it would import, or the failure. */
  readonly bring: (repositoryId: string) => Promise<{ readonly commit: string }>;
  /** Posts a final status on a commit, as a worker does after a sync. */
  readonly report: (repositoryId: string, commit: string) => Promise<void>;
  readonly messages: string[];
}

export function openRemotes({ database, hooks, checkUrl }: Pick<TestHttp, 'database' | 'hooks' | 'checkUrl'>, git: Git): Remotes {
  const messages: string[] = [];
  const logOf = (jobResultId: string): RunLog => ({
    jobResultId,
    add: ({ message }) => void messages.push(message),
    problems: () => undefined,
    progress: () => undefined,
    beside: (work) => void work.catch(() => undefined),
    flush: async () => undefined,
  });
  const queue = createRecordingQueue();
  const source = createRemotes({ database, hooks, checkUrl, git, redact: (text) => text });
  const lookDeps: LookDeps = { ...source, queue, log: pino({ level: 'silent' }), pace: createPace(20_000) };

  async function lookAt(repositoryId: string): Promise<number> {
    await sql`
      update repositories set poll_after = case when id = ${repositoryId} then now() - interval '1 second' else now() + interval '1 hour' end,
        pending_job_result_id = null, running_until = null, seen = wanted, fence = fence + 1`.execute(database.kysely);
    await sql`update poll_hosts set free_at = now(), look_after = null`.execute(database.kysely);
    const { poll_host: host } = await database.kysely
      .selectFrom('repositories')
      .select('poll_host')
      .where('id', '=', repositoryId)
      .executeTakeFirstOrThrow();
    const options = {
      most: 1,
      mostFailing: 1,
      spacingMs: 100,
      planAheadMs: 1_000,
      lookAtFailingMs: 45_000,
      freshMs: 0,
      nextInMs: () => 20_000,
    };
    const [due] = await claimDue(database, host, options);
    if (due === undefined) throw new Error('the repository is not due');
    const before = queue.sent.length;
    await look(lookDeps, due, AbortSignal.timeout(SIGNAL_MS));
    return queue.sent.length - before;
  }

  async function bring(repositoryId: string): Promise<{ readonly commit: string }> {
    const repository = await database.kysely
      .selectFrom('repositories')
      .selectAll()
      .where('id', '=', repositoryId)
      .executeTakeFirstOrThrow();
    const run = await database.kysely
      .selectFrom('job_results')
      .select('id')
      .where('repository_id', '=', repositoryId)
      .executeTakeFirstOrThrow();
    return openRemoteSource(source, repository, true)(logOf(run.id), AbortSignal.timeout(SIGNAL_MS));
  }
  async function report(repositoryId: string, commit: string): Promise<void> {
    const run = await database.kysely
      .selectFrom('job_results')
      .select(['id', 'organization_id'])
      .where('repository_id', '=', repositoryId)
      .executeTakeFirstOrThrow();
    const status = { context: 'tributary/import', state: 'success', description: 'done', targetUrl: 'http://127.0.0.1/' } as const;
    const wanted = { organizationId: run.organization_id, repositoryId, jobResultId: run.id, commit, ref: undefined, status };
    await database.transaction((tx) => requestReport(queue, tx, wanted));
    const { id } = await database.kysely
      .selectFrom('reports')
      .select('id')
      .where('repository_id', '=', repositoryId)
      .executeTakeFirstOrThrow();
    const deps = {
      database,
      log: pino({ level: 'silent' }),
      tracing: NO_TRACING,
      meters: { reported: () => undefined, stage: () => undefined },
      openForge: (of: string) => openForge(hooks, of),
      relocate: source.relocate,
      tell: async () => undefined,
      listProblems: (of: string) => listProblems(database, of),
    };
    await sendReport(deps, id, AbortSignal.timeout(SIGNAL_MS));
  }
  return { report, look: lookAt, bring, messages };
}
