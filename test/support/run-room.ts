import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { pino } from 'pino';
import type { Database } from '#db/database.ts';
import { NO_METERS } from '#domain/meters.ts';
import { createRedactor } from '#domain/redact.ts';
import { NO_TRACING } from '#domain/trace.ts';
import type { CommitId } from '#domain/words.ts';
import { openLocalSource } from '#git/local.ts';
import { createParsePool } from '#import/parse-pool.ts';
import type { Ask } from '#queue/ask.ts';
import type { Turn } from '#queue/turn.ts';
import { askForDryRun, askForSync } from '#queue/ask.ts';
import { claimTurn } from '#queue/turn.ts';
import { requestReport } from '#report/store.ts';
import { cancelRun } from '#runs/cancel.ts';
import type { OpenSource, RunDeps } from '#sync/run.ts';
import { runTurn } from '#sync/run.ts';
import { openTestDatabase } from './database.ts';
import { newGit, noAbort, temporaryFolder } from './git-room.ts';
import type { SentJob } from './recording-queue.ts';
import { createRecordingQueue } from './recording-queue.ts';
import type { SeededOrganization } from './seed.ts';
import { seedOrganization, seedRepository } from './seed.ts';

/** One repository whose runs a test begins, cuts off and ends itself, in the order that it is about. */
export interface RunRoom {
  readonly deps: RunDeps;
  readonly organization: SeededOrganization;
  readonly repositoryId: string;
  readonly sent: readonly SentJob[];
  readonly ask: (more?: Partial<Ask>) => ReturnType<typeof askForSync>;
  readonly askDry: () => ReturnType<typeof askForDryRun>;
  readonly claim: () => Promise<Turn | undefined>;
  readonly claimed: () => Promise<Turn>;
  readonly cancel: (jobResultId: string, by?: SeededOrganization) => ReturnType<typeof cancelRun>;
  /** Asks for a sync and runs it to its end; the job result's id. */
  readonly sync: (name: string) => Promise<string>;
  /** The repository's row and its line, as far as runs change them. */
  readonly standing: () => Promise<Standing | undefined>;
  readonly runOf: (jobResultId: string) => Promise<RunRow | undefined>;
  /** Names of what is served. */
  readonly served: () => Promise<readonly string[]>;
  /** As if the run had been under way for so long that its commit says so. */
  readonly showPending: (jobResultId: string, commit: string) => Promise<unknown>;
  readonly checksOf: (commit: string) => Promise<readonly { readonly state: string; readonly description: string }[]>;
  /** As if all jobs had been sent, and all waits had begun, an hour earlier. */
  readonly ageJobs: () => Promise<unknown>;
  /** As if the holder of the turn had been killed. */
  readonly expireLease: () => Promise<unknown>;
}

interface Standing {
  /** More is wanted than was seen. */
  readonly open: boolean;
  readonly pending: string | null;
  readonly failures: number;
  readonly sync: string | null;
  readonly error: string | null;
}

interface RunRow {
  readonly status: string;
  readonly code: string | null;
  readonly message: string | null;
}

export interface RunRooms {
  readonly furnish: () => Promise<RunRoom>;
  readonly close: () => Promise<void>;
}

/** Rooms on one database of their own. Call it once per test file. */
export async function openRunRooms(): Promise<RunRooms> {
  const pool = createParsePool({ threads: 1, timeoutMs: 2_000, memoryMb: 256 });
  const database = await openTestDatabase();
  return {
    furnish: () => furnish(database, pool),
    close: async () => {
      await pool.close();
      await database.close();
    },
  };
}

async function furnish(database: Database, pool: RunDeps['pool']): Promise<RunRoom> {
  const organization = await seedOrganization(database);
  const repositoryId = await seedRepository(database, organization.organizationId);
  const queue = createRecordingQueue();
  const deps: RunDeps = {
    database,
    queue,
    pool,
    log: pino({ level: 'silent' }),
    redact: createRedactor([]),
    tracing: NO_TRACING,
    meters: NO_METERS,
    publicUrl: 'http://127.0.0.1:1',
    instance: undefined,
    syncTimeoutMs: 120_000,
  };
  const ask: RunRoom['ask'] = (more) => database.transaction((tx) => askForSync(queue, tx, { repositoryId, reason: 'asked', ...more }));
  const claim: RunRoom['claim'] = () => claimTurn(database, repositoryId, 'worker');
  const claimed: RunRoom['claimed'] = async () => {
    const turn = await claim();
    if (turn === undefined) throw new Error('there is nothing to claim');
    return turn;
  };
  return {
    deps,
    organization,
    repositoryId,
    sent: queue.sent,
    ask,
    askDry: () => database.transaction((tx) => askForDryRun(queue, tx, { repositoryId })),
    claim,
    claimed,
    cancel: (jobResultId, { organizationId, userId } = organization) =>
      cancelRun({ database, queue }, { organizationId, userId, organizationSlug: 'acme', role: 'owner', via: 'api-token' }, jobResultId),
    async sync(name) {
      const { jobResultId } = await ask();
      await runTurn(deps, await claimed(), await sourceOf(name), noAbort());
      return jobResultId;
    },
    async standing() {
      const { rows } = await sql<Standing>`
        select r.wanted > r.seen as open, r.pending_job_result_id as pending, r.failures, l.sync_state as sync, l.error->>'code' as error
        from repositories r left join lines l on l.repository_id = r.id where r.id = ${repositoryId}`.execute(database.kysely);
      return rows[0];
    },
    async runOf(id) {
      const { rows } = await sql<RunRow>`
        select status, error->>'code' as code, error->>'message' as message from job_results where id = ${id}`.execute(database.kysely);
      return rows[0];
    },
    async served() {
      const { rows } = await sql<{ name: string }>`
        select v.name from object_versions v join lines l on l.id = v.line_id
        where l.repository_id = ${repositoryId} and v.to_import is null`.execute(database.kysely);
      return rows.map(({ name }) => name);
    },
    showPending: (jobResultId, commit) =>
      database.transaction((tx) =>
        requestReport(queue, tx, {
          organizationId: organization.organizationId,
          repositoryId,
          jobResultId,
          commit,
          ref: 'main',
          status: { context: 'tributary/import', state: 'pending', description: 'Importing this commit', targetUrl: 'http://127.0.0.1:1' },
        }),
      ),
    checksOf: (commit) =>
      database.kysely
        .selectFrom('reports')
        .select(['state', 'description'])
        .where('repository_id', '=', repositoryId)
        .where('commit_id', '=', commit)
        .execute(),
    ageJobs: () =>
      sql`update repositories set job_sent_at = job_sent_at - interval '1 hour', not_before = not_before - interval '1 hour'
        where id = ${repositoryId}`.execute(database.kysely),
    expireLease: () =>
      sql`update repositories set running_until = clock_timestamp() - interval '1 second' where id = ${repositoryId}`.execute(
        database.kysely,
      ),
  };
}

interface Moments {
  /** When the run asks for the content, before its commit is known. */
  readonly onOpen?: (signal: AbortSignal) => Promise<unknown>;
  /** When the run reads files, at a commit that is known. */
  readonly onRead?: (signal: AbortSignal) => Promise<unknown>;
}

/** Content that is one config context, or several of one file, at a commit of its own. */
export async function sourceOf(
  name: string,
  { onOpen, onRead, beside = [] }: Moments & { beside?: readonly string[] } = {},
): Promise<OpenSource> {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'config_contexts'));
  const contexts = [name, ...beside].map((each) => ({ _metadata: { name: each } }));
  writeFileSync(join(folder, 'config_contexts', 'a.json'), JSON.stringify(contexts.length === 1 ? contexts[0] : contexts));
  const source = await openLocalSource(await newGit(), folder, noAbort());
  return async (_log, signal) => {
    await onOpen?.(signal);
    return {
      ...source,
      commit: commitOf(name),
      async *readBlobs(files, until) {
        await onRead?.(until);
        yield* source.readBlobs(files, until);
      },
    };
  };
}

/** The commit of a content. */
export function commitOf(name: string): CommitId {
  return Buffer.from(name).toString('hex').padStart(40, '0');
}

/** Hangs as Git does that gets no answer: until the run's signal. */
export function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const cutOff = (): void => reject(new Error('cut off'));
    if (signal.aborted) cutOff();
    signal.addEventListener('abort', cutOff);
  });
}

/** How the result of a run ends that its owner cancelled. */
export const REVOKED = { status: 'REVOKED', code: 'CANCELLED', message: 'Cancelled by Owner.' };
