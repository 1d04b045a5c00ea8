import type { JobStatus } from './state.ts';

/** Where each event of GitLab's state machine may start. */
const FROM = {
  enqueue: ['created', 'skipped'],
  run: ['pending'],
  success: ['created', 'pending', 'running'],
  drop: ['created', 'pending', 'running'],
  cancel: ['created', 'pending', 'running'],
  skip: ['created', 'pending'],
} as const satisfies Record<string, readonly JobStatus[]>;

const TO = { enqueue: 'pending', run: 'running', success: 'success', drop: 'failed', cancel: 'canceled', skip: 'skipped' } as const;

const EVENTS = { pending: 'enqueue', running: 'run', success: 'success', failed: 'drop', canceled: 'cancel', skipped: 'skip' } as const;

export type WantedState = keyof typeof EVENTS;
export const STATES = Object.keys(EVENTS).filter((state): state is WantedState => state in EVENTS);

/** The state that a job comes to, or the sentence that says why it cannot. To run, it is first made pending where it can be. */
export function transition(from: JobStatus, wanted: WantedState): { readonly to: JobStatus } | { readonly refused: string } {
  const event = EVENTS[wanted];
  const start = wanted === 'running' && mayStart('enqueue', from) ? TO.enqueue : from;
  if (mayStart(event, start)) return { to: TO[event] };
  return { refused: `Cannot transition status via :${event} from :${start} (Reason(s): Status cannot transition via "${event}")` };
}

function mayStart(event: keyof typeof FROM, from: JobStatus): boolean {
  return FROM[event].some((start) => start === from);
}
