import type { Database } from '#db/database.ts';
import { databaseNow, databaseTime, readTimeIn } from '#db/time.ts';
import type { JobSender } from './queue.ts';
import { sendSync } from './send-sync.ts';

/** What is put off and not recalled, since its process ended, is found by the sweep this long after, and what that adds. */
const PUT_OFF_MS = 30_000;

/** A repository for which a run is due, before anybody claims it. */
export interface DueSync {
  readonly repositoryId: string;
  /** Host and port of its remote; empty for a folder. */
  readonly host: string;
  readonly wanted: number;
}

export async function findDueSync(database: Database, repositoryId: string): Promise<DueSync | undefined> {
  const row = await database.kysely
    .selectFrom('repositories')
    .select(['poll_host', 'wanted'])
    .where('id', '=', repositoryId)
    .executeTakeFirst();
  return row === undefined ? undefined : { repositoryId, host: row.poll_host, wanted: row.wanted };
}

/**
 * Leaves it for later without a job of its own; whoever asks meanwhile sends one, a push too, since it waits for no other push any more. Does
 * nothing when somebody asked since it was found. Returns until when, by which it is known again.
 */
export async function putOff(database: Database, { repositoryId, wanted }: DueSync): Promise<string> {
  const until = await readTimeIn(database, PUT_OFF_MS);
  await database.kysely
    .updateTable('repositories')
    .set({ not_before: databaseTime(until), pending_calm: false })
    .where('id', '=', repositoryId)
    .where('wanted', '=', wanted)
    .whereRef('wanted', '>', 'seen')
    .where('running_until', 'is', null)
    .execute();
  return until;
}

/** Sends the job that was put off until then, unless somebody is at it, nothing is wanted any more, or it waits for something else meanwhile. */
export async function recall(queue: JobSender, database: Database, repositoryId: string, until: string): Promise<void> {
  await database.transaction(async (tx) => {
    const row = await tx.kysely
      .updateTable('repositories')
      .set({ not_before: null, job_sent_at: databaseNow() })
      .where('id', '=', repositoryId)
      .where('not_before', '=', databaseTime(until))
      .whereRef('wanted', '>', 'seen')
      .where('running_until', 'is', null)
      .returning(['id', 'organization_id'])
      .executeTakeFirst();
    if (row !== undefined) await sendSync(queue, tx, row);
  });
}
