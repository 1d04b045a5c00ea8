import type { Database, Tx } from '#db/database.ts';
import type { CommitState } from '#domain/status.ts';
import type { CommitId } from '#domain/words.ts';
import type { JobSender } from '#queue/queue.ts';
import type { Turn } from '#queue/turn.ts';
import { requestReport } from '#report/store.ts';
import { reached } from '#steps/reached.ts';

/** The check that a run shows on its commit. */
export interface ImportCheck {
  /** Says that the run is under way, if it has not ended by then. Call once the commit is known. */
  readonly open: (commit: CommitId) => void;
  /** Says how it ended, in the transaction that made it so. `keepWords`: only if that is not what the check says already. */
  readonly close: (tx: Tx, state: Exclude<CommitState, 'pending'>, description: string, keepWords?: boolean) => Promise<void>;
  /** Nothing more will be said; the timer is stopped. */
  readonly stop: () => void;
  readonly commit: () => CommitId | undefined;
}

export interface CheckDeps {
  readonly database: Database;
  readonly queue: JobSender;
  readonly publicUrl: string;
  /** Told apart when several instances watch one repository (DESIGN.md 4.2, TRIBUTARY_INSTANCE). */
  readonly instance: string | undefined;
}

/** A result that comes within this time is posted alone: a status per commit is limited and each one notifies people (DESIGN.md section 8). */
const PENDING_AFTER_MS = 2_000;

export function openImportCheck(
  deps: CheckDeps,
  turn: Turn,
  traceparent: string | undefined,
  onError: (error: unknown) => void,
): ImportCheck {
  const context = deps.instance === undefined ? 'tributary/import' : `tributary/import (${deps.instance})`;
  const targetUrl = `${deps.publicUrl}/api/extras/job-results/${turn.jobResult.id}/`;
  let commit: CommitId | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function say(tx: Tx, state: CommitState, description: string, keepWords = false): Promise<void> {
    if (commit === undefined) return;
    await requestReport(deps.queue, tx, {
      organizationId: turn.repository.organization_id,
      repositoryId: turn.repository.id,
      jobResultId: turn.jobResult.id,
      commit,
      ref: shortRefName(turn.repository.ref),
      status: { context, state, description, targetUrl },
      traceparent,
      keepWords,
    });
  }

  /** Under the turn's fence: a run that ended, or was overtaken, says nothing any more. */
  async function sayPending(): Promise<void> {
    await deps.database.transaction(async (tx) => {
      const mine = await tx.kysely
        .selectFrom('repositories')
        .select('id')
        .where('id', '=', turn.repository.id)
        .where('fence', '=', turn.fence)
        .where('running_until', 'is not', null)
        .forNoKeyUpdate()
        .executeTakeFirst();
      if (mine !== undefined) await say(tx, 'pending', 'Importing this commit');
    });
    reached('sync.pending-asked');
  }

  return {
    open: (id) => {
      commit = id;
      timer = setTimeout(() => void sayPending().catch(onError), PENDING_AFTER_MS);
    },
    close: say,
    stop: () => clearTimeout(timer),
    commit: () => commit,
  };
}

/** What a followed ref is called where people see it; undefined where it names a commit, or nothing that a provider shows. */
function shortRefName(ref: string): string | undefined {
  const name = ref.replace(/^refs\/(?:heads|tags)\//, '');
  return name.startsWith('refs/') || /^[0-9a-f]{7,64}$/i.test(name) ? undefined : name;
}
