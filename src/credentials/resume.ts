import type { Tx } from '#db/database.ts';
import type { JobSender } from '#queue/queue.ts';
import { askForSync } from '#queue/ask.ts';
import { listStopped, lookAfterHooks } from './checks/store.ts';

/** What a refused token has stopped goes on when it is good again, in the transaction that says so; hooks that it could not make are made. */
export async function resumeRepositories(queue: JobSender, tx: Tx, credentialId: string): Promise<void> {
  await lookAfterHooks(tx, credentialId);
  for (const repositoryId of await listStopped(tx, credentialId)) await askForSync(queue, tx, { repositoryId, reason: 'changed' });
}
