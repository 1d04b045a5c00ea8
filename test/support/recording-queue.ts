import type { JobSender } from '#queue/queue.ts';

export interface SentJob {
  readonly name: string;
  readonly payload: unknown;
  readonly afterMs: number;
  readonly priority: number;
}

/** A sender that keeps what it was given: for tests about who asks for what, where no job has to run. */
export function createRecordingQueue(): JobSender & { readonly sent: SentJob[] } {
  const sent: SentJob[] = [];
  return {
    sent,
    send: async (_tx, name, payload, options) => {
      sent.push({ name, payload, afterMs: options?.afterMs ?? 0, priority: options?.priority ?? 0 });
    },
  };
}
