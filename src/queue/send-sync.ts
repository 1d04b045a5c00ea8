import type { Tx } from '#db/database.ts';
import type { JobSender } from './queue.ts';

/** More that wait than this make no further difference. */
const MOST_COUNTED = 1_000;

/**
 * The more repositories of an organization wait, the further back the next of them goes, by powers of two: who asks for a
 * hundred thousand at once keeps nobody else waiting, and still has them in order.
 */
export async function sendSync(
  queue: JobSender,
  tx: Tx,
  row: { readonly id: string; readonly organization_id: string },
  afterMs = 0,
): Promise<void> {
  const waiting = await tx.kysely
    .selectFrom('repositories')
    .select('id')
    .where('organization_id', '=', row.organization_id)
    .whereRef('wanted', '>', 'seen')
    .where('job_sent_at', 'is not', null)
    .where('id', '!=', row.id)
    .limit(MOST_COUNTED)
    .execute();
  await queue.send(tx, 'sync-repository', { repositoryId: row.id }, { afterMs, priority: -Math.ceil(Math.log2(1 + waiting.length)) });
}
