import { within } from './within.ts';

export interface GroupOptions<I, O> {
  /** Does for all of them what would be done for one; answers in order. */
  readonly run: (items: readonly I[]) => Promise<readonly O[]>;
  /** Begins a group; what it answers with says of one item after the other whether it still fits. The first always goes. */
  readonly begin: () => (item: I) => boolean;
  readonly mostInFlight: number;
}

interface Waiting<I, O> {
  readonly item: I;
  readonly resolve: (outcome: O) => void;
  readonly reject: (error: unknown) => void;
}

/** What is under way without an answer makes way: its connection may be dead. If it was stored all the same, the sender's next try is a duplicate. */
const ANSWERED_WITHIN_MS = 4_000;

/**
 * Another group starts beside one under way only when that one takes longer than this: a database that is quick does more in fewer and
 * larger groups (docs/performance.md), and one that is slow or stuck must not hold up everybody. Further ones start later still: two beside
 * each other may be a busy machine, more are for a database that is far away.
 */
const PATIENCE_MS = [0, 20, 150] as const;

/**
 * Takes what is asked for at the same time to the database together: at once while nothing is under way, otherwise with the next.
 * Nobody waits for company, and nobody shares what began before they came.
 */
export function createGroups<I, O>({ run, begin, mostInFlight }: GroupOptions<I, O>): (item: I) => Promise<O> {
  let waiting: Waiting<I, O>[] = [];
  let inFlight = 0;
  let startedAt = 0;
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    while (waiting.length > 0 && mayStart()) {
      const { group, rest } = takeGroup(waiting, begin());
      waiting = rest;
      inFlight++;
      startedAt = performance.now();
      void runGroup(group).finally(() => {
        inFlight--;
        flush();
      });
    }
    if (waiting.length > 0 && inFlight < mostInFlight) timer ??= setTimeout(lookAgain, patienceMs());
  }

  function mayStart(): boolean {
    return inFlight < mostInFlight && (inFlight === 0 || performance.now() - startedAt >= patienceMs());
  }

  function patienceMs(): number {
    return PATIENCE_MS[inFlight] ?? PATIENCE_MS[2];
  }

  function lookAgain(): void {
    timer = undefined;
    flush();
  }

  async function runGroup(group: readonly Waiting<I, O>[]): Promise<void> {
    try {
      const items = group.map((entry) => entry.item);
      settle(group, await within(ANSWERED_WITHIN_MS, 'the database', run(items)));
    } catch (error) {
      // What is wrong with one of them must not take the others of its group with it; a database that is away is away for all.
      if (group.length > 1 && isAboutContent(error)) await Promise.all(group.map((entry) => runGroup([entry])));
      else group.forEach((entry) => entry.reject(error));
    }
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      flush();
    });
}

function settle<I, O>(group: readonly Waiting<I, O>[], outcomes: readonly O[]): void {
  if (outcomes.length !== group.length) throw new Error(`a group of ${group.length} was answered for ${outcomes.length}`);
  outcomes.forEach((outcome, at) => group[at]?.resolve(outcome));
}

function takeGroup<I, O>(waiting: readonly Waiting<I, O>[], fits: (item: I) => boolean) {
  const group: Waiting<I, O>[] = [];
  const rest: Waiting<I, O>[] = [];
  for (const entry of waiting) (fits(entry.item) || group.length === 0 ? group : rest).push(entry);
  return { group, rest };
}

/** SQLSTATE classes of data that cannot be stored, constraints that it breaks, and limits that it exceeds. */
const ABOUT_CONTENT = /^(22|23|54)/;

function isAboutContent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && ABOUT_CONTENT.test(error.code);
}
