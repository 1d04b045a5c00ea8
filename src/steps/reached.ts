import { channel } from 'node:diagnostics_channel';

/**
 * Every point of the work at which a crash leaves something different behind. A closed list: test/architecture/steps.test.ts
 * requires that each stands in the code once and is crashed at by the fault runs.
 */
export const STEPS = [
  'receive.verified',
  'receive.stored',
  'route.claimed',
  'route.asked',
  'route.marked',
  'route.committed',
  'job.taken',
  'job.handled',
  'turn.claiming',
  'turn.claimed',
  'turn.renewed',
  'turn.sweeping',
  'turn.swept',
  'turn.ending',
  'mirror.locked',
  'clone.received',
  'clone.reduced',
  'clone.refs-written',
  'clone.marked',
  'clone.old-gone',
  'clone.promoted',
  'fetch.received',
  'fetch.pack-without-index',
  'fetch.packs-promoted',
  'fetch.refs-written',
  'mirror.combined',
  'mirror.updated',
  'sync.line-opened',
  'sync.content-here',
  'sync.started',
  'sync.pending-asked',
  'sync.parsed',
  'sync.planned',
  'sync.applied',
  'sync.reported',
  'sync.committing',
  'sync.committed',
  'sync.failing',
  'sync.failed',
  'report.claimed',
  'report.looked',
  'report.posted',
  'report.recorded',
  'hook.made',
  'hook.registered',
  'hook.recorded',
  'rotate.intended',
  'rotate.sending',
  'rotate.answered',
  'rotate.stored',
  'upload.asked',
  'upload.claimed',
  'forget.mirror-removed',
  'forget.hook-removed',
] as const;

export type Step = (typeof STEPS)[number];

const steps = channel('tributary.step');

/**
 * Says that the work has come to a step, to whoever listens in this process: nobody does in the product, where it costs one look
 * at a flag. No variable of ours turns a crash on. Who wants one loads code into the process that subscribes
 * (test/faults/at-step.ts, by NODE_OPTIONS=--import), and who can do that needs no door from us. Subscribers run before this returns.
 */
export function reached(step: Step): void {
  if (steps.hasSubscribers) steps.publish(step);
}
