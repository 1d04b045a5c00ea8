import type { ExpressionBuilder } from 'kysely';
import type { Database } from '#db/database.ts';
import type { Schema } from '#db/schema.ts';
import { databaseNow, databaseTimeIn } from '#db/time.ts';
import { reached } from '#steps/reached.ts';
import type { JobSender } from './queue.ts';
import { sendSync } from './send-sync.ts';

export interface SweepDeps {
  readonly queue: JobSender;
  readonly database: Database;
  /** Sync jobs that the queue holds and that are due. */
  readonly countQueued: () => Promise<number>;
}

/** A job that was due this long ago and that nobody took is taken for lost, unless there are many of them. */
const LOST_AFTER_MS = 30_000;

/** Sends jobs again for repositories whose holder was killed or whose job was lost. Returns how many. Any number of workers may sweep at once. */
export async function sweepTurns({ queue, database, countQueued }: SweepDeps): Promise<number> {
  const isBehind = await isQueueBehind({ database, countQueued });
  const swept = await database.transaction(async (tx) => {
    const rows = await tx.kysely
      .selectFrom('repositories')
      .select(['id', 'organization_id'])
      .whereRef('wanted', '>', 'seen')
      .where((eb) =>
        eb.or([
          eb('running_until', '<', databaseNow()),
          ...(isBehind ? [] : [isOverdue(eb)]),
          eb.and([eb('running_until', 'is', null), eb('job_sent_at', 'is', null)]),
        ]),
      )
      .orderBy('id')
      .limit(100)
      .forNoKeyUpdate()
      .skipLocked()
      .execute();
    for (const row of rows) {
      await tx.kysely
        .updateTable('repositories')
        .set({ running_until: null, not_before: null, job_sent_at: databaseNow() })
        .where('id', '=', row.id)
        .execute();
      await sendSync(queue, tx, row);
    }
    if (rows.length > 0) reached('turn.sweeping');
    return rows.length;
  });
  if (swept > 0) reached('turn.swept');
  return swept;
}

/**
 * A long queue loses nothing by being long: while it holds as many jobs as repositories wait, none is lost. Without this every repository that
 * waits longer than LOST_AFTER_MS was sent again each time, and the queue grew by what it could not do.
 */
async function isQueueBehind({ database, countQueued }: Pick<SweepDeps, 'database' | 'countQueued'>): Promise<boolean> {
  const { waiting, overdue } = await database.kysely
    .selectFrom('repositories')
    .select((eb) => [
      eb.fn.countAll<number>().as('waiting'),
      eb.fn
        .countAll<number>()
        .filterWhere((where) => isOverdue(where))
        .as('overdue'),
    ])
    .whereRef('wanted', '>', 'seen')
    .where('running_until', 'is', null)
    .where('job_sent_at', 'is not', null)
    .where((eb) => eb.or([eb('not_before', 'is', null), eb('not_before', '<', databaseNow())]))
    .executeTakeFirstOrThrow();
  return overdue > 0 && (await countQueued()) >= waiting;
}

function isOverdue(eb: ExpressionBuilder<Schema, 'repositories'>) {
  return eb.and([
    eb('running_until', 'is', null),
    eb.or([
      eb.and([eb('not_before', 'is', null), eb('job_sent_at', '<', databaseTimeIn(-LOST_AFTER_MS))]),
      eb('not_before', '<', databaseTimeIn(-LOST_AFTER_MS)),
    ]),
  ]);
}
