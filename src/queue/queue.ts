import type { Tx } from '#db/database.ts';
import type { JobName, JobPayloads } from './jobs.ts';

export interface SendOptions {
  readonly afterMs?: number;
  readonly priority?: number;
}

/** The sending half of the queue: all that rooms which ask for work may know of it. */
export interface JobSender {
  /** Adds a job in the caller's transaction: it exists exactly when the transaction commits. `afterMs` delays its start; of those that wait, the highest `priority` (0 unless given) is taken first. */
  send<N extends JobName>(tx: Tx, name: N, payload: JobPayloads[N], options?: SendOptions): Promise<void>;
}
