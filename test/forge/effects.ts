/** Something that changed the provider: a write through its API, or a push. In the order it happened. */
export interface Effect {
  readonly seq: number;
  readonly time: string;
  readonly method: string;
  readonly path: string;
  readonly token: { readonly id: number; readonly kind: string; readonly login: string } | null;
  /** What the provider decided. */
  readonly status: number;
  /** What the client saw of it: a fault may have put something else in its place. */
  readonly answered: number | 'nothing';
  /** The request, without secrets; for a push its refs. */
  readonly body: unknown;
}

export interface Effects {
  add(effect: Omit<Effect, 'seq' | 'time'>): void;
  since(seq: number): readonly Effect[];
  /** Resolves when there is one after `seq`, or after `waitMs`. */
  waitSince(seq: number, waitMs: number): Promise<readonly Effect[]>;
  readonly requests: RequestCounter;
}

export interface RequestCounter {
  count(method: string, path: string): void;
  /** By `METHOD /path`. */
  all(): Readonly<Record<string, number>>;
}

export function createEffects(): Effects {
  const effects: Effect[] = [];
  const waiting = new Set<() => void>();
  const since = (seq: number): readonly Effect[] => effects.filter((effect) => effect.seq > seq);
  return {
    add: (effect) => {
      effects.push({ ...effect, seq: effects.length + 1, time: new Date().toISOString() });
      for (const wake of waiting) wake();
    },
    since,
    waitSince: async (seq, waitMs) => {
      if (since(seq).length === 0) await woken(waiting, waitMs);
      return since(seq);
    },
    requests: createRequestCounter(),
  };
}

function woken(waiting: Set<() => void>, waitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      waiting.delete(wake);
      resolve();
    };
    const timer = setTimeout(wake, waitMs);
    waiting.add(wake);
  });
}

function createRequestCounter(): RequestCounter {
  const counts = new Map<string, number>();
  return {
    count: (method, path) => void counts.set(`${method} ${path}`, (counts.get(`${method} ${path}`) ?? 0) + 1),
    all: () => Object.fromEntries(counts),
  };
}
