import { z } from 'zod';
import type { Result } from '#domain/result.ts';
import { err, ok } from '#domain/result.ts';
import type { JobName, JobPayloads } from './jobs.ts';

/** Raised when a payload comes to mean something else, or needs what older code cannot know; adding an optional field is neither. */
export const PAYLOAD_VERSION = 1;

const id = z.uuid();

/** What each job carries, checked when it is taken: it may have been queued by an older version of this code, or a newer one. */
const PAYLOADS: { readonly [N in JobName]: z.ZodType<JobPayloads[N]> } = {
  'sync-repository': z.object({ repositoryId: id }),
  'dry-run-repository': z.object({ jobResultId: id }),
  'register-hook': z.object({ repositoryId: id }),
  'audit-deliveries': z.object({ hookId: z.uuid() }),
  'repair-hooks': z.object({ batchId: id }),
  'forget-repository': z.object({
    repositoryId: id,
    credentialId: id.nullable(),
    remoteUrl: z.string(),
    remoteHookId: z.string().nullable(),
  }),
  'refresh-installation': z.object({ installationId: id }),
  'send-report': z.object({ reportId: id }),
  'send-notification': z.object({ notificationId: id }),
};

/** As it lies in the queue. */
export function writePayload<N extends JobName>(payload: JobPayloads[N]): object {
  return { v: PAYLOAD_VERSION, ...payload };
}

/** `parked`: of a version that this code does not know. `dead`: of one that it knows, and not in its form. */
export type Unreadable = 'parked' | 'dead';

/** What a job in the queue carries, or why it cannot be read. Those queued before there were versions are of the first. */
export function readPayload<N extends JobName>(name: N, data: unknown): Result<JobPayloads[N], Unreadable> {
  const version = typeof data === 'object' && data !== null && 'v' in data ? data.v : 1;
  if (version !== PAYLOAD_VERSION) return err('parked');
  const parsed = PAYLOADS[name].safeParse(data);
  return parsed.success ? ok(parsed.data) : err('dead');
}
