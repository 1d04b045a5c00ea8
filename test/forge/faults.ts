import type { Fault, FaultAction, FaultTarget } from './wire.ts';

/** What a fault may look at. Absent means that nothing of the kind is known here, and a fault asking for it does not match. */
export interface FaultSubject {
  readonly target: FaultTarget;
  readonly method: string;
  readonly path: string;
  readonly repository?: string | undefined;
  readonly event?: string | undefined;
  readonly login?: string | undefined;
}

/** A fault that applies now. `cleared` aborts when somebody clears it, which ends a hang. */
export interface ActiveFault {
  readonly action: FaultAction;
  readonly cleared: AbortSignal;
}

export interface Faults {
  add(fault: Fault): number;
  /** Counts the match down, so it is asked once per request. The oldest fault that matches wins. */
  take(subject: FaultSubject): ActiveFault | undefined;
  clear(id?: number): void;
  list(): readonly { readonly id: number; readonly fault: Fault; readonly matched: number }[];
}

interface Entry {
  readonly id: number;
  readonly fault: Fault;
  readonly ended: AbortController;
  matched: number;
}

export function createFaults(nextId: () => number): Faults {
  const entries = new Map<number, Entry>();
  return {
    add: (fault) => {
      const id = nextId();
      entries.set(id, { id, fault, ended: new AbortController(), matched: 0 });
      return id;
    },
    take: (subject) => {
      for (const entry of entries.values()) {
        if (!matches(entry.fault, subject) || isSpent(entry)) continue;
        entry.matched++;
        if (entry.matched > entry.fault.after) return { action: entry.fault.action, cleared: entry.ended.signal };
      }
      return undefined;
    },
    clear: (id) => {
      for (const entry of entries.values()) {
        if (id !== undefined && entry.id !== id) continue;
        entries.delete(entry.id);
        entry.ended.abort();
      }
    },
    list: () => [...entries.values()].map(({ id, fault, matched }) => ({ id, fault, matched })),
  };
}

/** Waits as the fault says. False when the one who waits has left meanwhile. */
export async function holdFor(action: FaultAction, cleared: AbortSignal, left: AbortSignal): Promise<boolean> {
  if (action.kind === 'delay') await pause(action.ms, AbortSignal.any([cleared, left]));
  if (action.kind === 'hang') await pause(undefined, AbortSignal.any([cleared, left]));
  return !left.aborted;
}

/** Until the signal, or the time where one is given. */
export function pause(ms: number | undefined, until: AbortSignal): Promise<void> {
  if (until.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
    until.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function isSpent({ fault, matched }: Entry): boolean {
  return fault.times !== undefined && matched >= fault.after + fault.times;
}

function matches({ target, match }: Fault, subject: FaultSubject): boolean {
  return (
    target === subject.target &&
    (match.method === undefined || match.method.toUpperCase() === subject.method) &&
    (match.path === undefined || new RegExp(match.path).test(subject.path)) &&
    same(match.repository, subject.repository) &&
    same(match.event, subject.event) &&
    same(match.login, subject.login)
  );
}

function same(wanted: string | undefined, actual: string | undefined): boolean {
  return wanted === undefined || wanted.toLowerCase() === actual?.toLowerCase();
}
