import { createDrain } from '#queue/drain.ts';
import type { LookDeps } from './look.ts';
import { look } from './look.ts';
import { LOOK_AT_FAILING_MS, LOOK_WITHIN_MS, PLAN_AHEAD_MS, SPACING_MS, delayMs } from './pace.ts';
import type { DueRepository } from './store.ts';
import { claimDue, giveBack, listDueHosts } from './store.ts';

/** Looks under way at once in one process; each is a Git process that mostly waits. One host leaves room for others. */
const MOST_AT_ONCE = 16;
const MOST_PER_HOST = 12;
const MOST_PER_FAILING_HOST = 2;
const TICK_MS = 1_000;

/** Looks at remotes for as long as the process lives. Any number of workers may: each repository that is due is taken by one. */
export function startPoller(deps: LookDeps): () => Promise<void> {
  const { database, pace, log } = deps;
  const stopping = new AbortController();
  const underWay = new Map<string, { readonly host: string; readonly ended: Promise<void> }>();

  const options = {
    spacingMs: SPACING_MS,
    planAheadMs: PLAN_AHEAD_MS,
    lookAtFailingMs: LOOK_AT_FAILING_MS,
    freshMs: pace.baseMs,
    // Not before the look that is taken now can have ended.
    nextInMs: ({ relaxed }: { readonly relaxed: boolean }) => Math.max(LOOK_WITHIN_MS, delayMs(relaxed ? pace.relaxedMs : pace.baseMs)),
  };

  async function takeDue(): Promise<void> {
    for (const host of await listDueHosts(database)) {
      const here = [...underWay.values()].filter((looking) => looking.host === host).length;
      const most = Math.min(MOST_AT_ONCE - underWay.size, MOST_PER_HOST - here);
      const mostFailing = Math.min(most, 1, MOST_PER_FAILING_HOST - here);
      if (most > 0) for (const due of await claimDue(database, host, { ...options, most, mostFailing })) start(due);
    }
  }

  function start(due: DueRepository): void {
    const ended = look(deps, due, stopping.signal)
      .catch((error: unknown) => {
        if (stopping.signal.aborted) return giveBack(database, [due.id]);
        log.warn({ err: error, repositoryId: due.id }, 'a look at a remote could not be recorded');
        return undefined;
      })
      .finally(() => underWay.delete(due.id));
    underWay.set(due.id, { host: due.host, ended });
  }

  const drain = createDrain({ work: takeDue, sweepEveryMs: TICK_MS, log });
  return async () => {
    await drain.stop();
    stopping.abort();
    await Promise.allSettled([...underWay.values()].map(({ ended }) => ended));
  };
}
