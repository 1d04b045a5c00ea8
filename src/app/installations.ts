import type { Logger } from 'pino';
import { installationChanged } from '#apps/installations/changed.ts';
import { claimDueInstallations } from '#apps/installations/store.ts';
import type { Database } from '#db/database.ts';
import { err } from '#domain/result.ts';
import type { AppRouting } from '#inbox/targets.ts';
import type { Provider } from '#providers/contract.ts';
import { createDrain } from '#queue/drain.ts';
import type { JobSender } from '#queue/queue.ts';
import { postAgain } from '#report/store.ts';

/** How deliveries to Apps are read, and what follows from them. */
export function createAppRouting(queue: JobSender, findProvider: (id: string) => Provider | undefined): AppRouting {
  return {
    readEvents: async (body, headers) =>
      (await findProvider('github')?.apps?.readEvents(body, headers)) ?? err({ kind: 'unparseable', message: 'this version has no Apps' }),
    installationChanged: (tx, app, event) => installationChanged(queue, tx, app, event),
    repost: (tx, repositoryId, commit) => postAgain(queue, tx, repositoryId, commit),
  };
}

/** What was refused is looked at within this; all of them once a day. */
const LOOK_EVERY_MS = 10_000;
const MOST_AT_ONCE = 20;

/** Has installations looked at when they are due: what no delivery told is found out all the same. */
export function startInstallationChecks({
  database,
  queue,
  log,
}: {
  readonly database: Database;
  readonly queue: JobSender;
  readonly log: Logger;
}): () => Promise<void> {
  const work = () =>
    database.transaction(async (tx) => {
      for (const installationId of await claimDueInstallations(tx, MOST_AT_ONCE))
        await queue.send(tx, 'refresh-installation', { installationId });
    });
  const drain = createDrain({ work, sweepEveryMs: LOOK_EVERY_MS, log });
  return () => drain.stop();
}
