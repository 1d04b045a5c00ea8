import type { Logger } from 'pino';
import type { Database } from '#db/database.ts';
import type { Links } from '#domain/links.ts';
import { auditMoved, auditSoon, claimAudits } from '#hooks/store.ts';
import { createDrain } from '#queue/drain.ts';
import type { JobSender } from '#queue/queue.ts';
import { listWorkers } from '#queue/workers.ts';

export interface AuditsDeps {
  readonly database: Database;
  readonly queue: JobSender;
  readonly log: Logger;
  readonly links: Pick<Links, 'root'>;
}

const LOOK_EVERY_MS = 10_000;
/** After the service was away, what it missed is asked for within this. */
const CATCH_UP_MS = 60_000;

/** When no other worker lives, the service was away: providers may have delivered in vain since the last one was seen. Call before this one is. */
export async function catchUp(database: Database): Promise<void> {
  const workers = await listWorkers(database);
  if (workers.some(({ alive }) => alive)) return;
  const lastSeen = workers.map(({ seen_at }) => seen_at.getTime()).toSorted((a, b) => b - a)[0];
  await auditSoon(database, lastSeen === undefined ? undefined : new Date(lastSeen), CATCH_UP_MS);
}

/** Has hooks looked after when their time has come; first of all those that deliver to an address that this service had before. */
export function startAudits({ database, queue, log, links }: AuditsDeps): () => Promise<void> {
  let hasLooked = false;
  async function send(): Promise<void> {
    if (!hasLooked) await auditMoved(database, links.root, CATCH_UP_MS);
    hasLooked = true;
    await database.transaction(async (tx) => {
      for (const hookId of await claimAudits(tx)) await queue.send(tx, 'audit-deliveries', { hookId });
    });
  }
  return createDrain({ work: send, sweepEveryMs: LOOK_EVERY_MS, log }).stop;
}
