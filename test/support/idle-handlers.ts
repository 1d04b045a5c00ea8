import type { JobHandlers } from '#queue/boss.ts';

const none = async (): Promise<void> => undefined;

/** Handlers of every job that do nothing: for tests of who takes a job, and when. */
export const IDLE_HANDLERS: JobHandlers = {
  'sync-repository': none,
  'dry-run-repository': none,
  'register-hook': none,
  'audit-deliveries': none,
  'repair-hooks': none,
  'forget-repository': none,
  'refresh-installation': none,
  'send-report': none,
  'send-notification': none,
};
