import { setTimeout as sleep } from 'node:timers/promises';
import { v4 as uuid } from 'uuid';
import type { Database } from '#db/database.ts';
import type { Network } from '#domain/network.ts';
import { Failure } from '#domain/failure.ts';
import type { BudgetTold, Provider } from '#providers/contract.ts';
import type { BudgetLeft, Spacing } from './store.ts';
import { claimWrite, findBudget, noteBudget, releaseWrite } from './store.ts';

/**
 * What a call is for, the most urgent first. `person`: somebody waits; `change-request`: somebody waits for the preview of a merge; `push`: what a push
 * leads to; `background`: checks, audits, discovery, which nobody misses for an hour.
 */
export type Urgency = 'person' | 'change-request' | 'push' | 'background';

/** The share of the budget that is left to what is more urgent. */
const RESERVE: Readonly<Record<Urgency, number>> = { person: 0, 'change-request': 0, push: 0.05, background: 0.2 };

export interface BudgetDeps {
  readonly database: Pick<Database, 'kysely'>;
  /** Of each credential; 0: writes are neither spaced nor kept apart. */
  readonly writesPerMinute: number;
  readonly waited: (provider: string, why: 'budget' | 'spacing') => void;
}

export interface BudgetUse {
  readonly credentialId: string;
  readonly provider: Pick<Provider, 'id' | 'readBudget' | 'createsContent'>;
  readonly urgency: Urgency;
}

/** `fetch` by the way of a network; with `use`, within the budget of a credential. */
export type OpenFetch = (network: Network | undefined, use?: BudgetUse) => typeof globalThis.fetch;

/** Short enough that a push is not kept waiting, and that with a minute's worth after it GitHub's 80 a minute are not passed. */
const BURST = 20;
/** GitHub: 500 in any hour, of what people see appear. 40 at once and one in eight seconds are 490. */
const CONTENT: Spacing = { everyMs: 8_000, burst: 40 };
/** A worker's place is not held for longer; the queue comes again. */
const PATIENCE_MS = 5_000;
/** Apart from each other, so that those who wait do not all come at once. */
const SPREAD_MS = 1_000;

/**
 * `fetch` for one credential that stops before its budget is used up, keeps what is left for what is urgent, and writes one call after the
 * other, spaced, whichever processes use it (PROVIDERS.md 1.1). What the answers say is shared through the database. Throws Failure
 * PROVIDER_BUSY, with when, in place of a call that is not made; no other credential waits for that.
 */
export function keepBudget(deps: BudgetDeps, fetch: typeof globalThis.fetch, use: BudgetUse): typeof globalThis.fetch {
  const { database, writesPerMinute, waited } = deps;
  const { credentialId, provider, urgency } = use;

  async function ask(...[input, init]: Parameters<typeof globalThis.fetch>): Promise<Response> {
    const answer = await fetch(input, init);
    const told: BudgetTold | undefined = provider.readBudget?.(answer.headers, new Date());
    if (told !== undefined) await noteBudget(database, credentialId, told);
    return answer;
  }

  async function write(input: Parameters<typeof globalThis.fetch>[0], init: RequestInit): Promise<Response> {
    const writer = uuid();
    const isContent =
      provider.createsContent?.(init.method ?? 'GET', new URL(input instanceof Request ? input.url : input).pathname) ?? false;
    await takeTurn(writer, isContent ? CONTENT : undefined, init.signal ?? undefined);
    try {
      return await ask(input, init);
    } finally {
      await releaseWrite(database, credentialId, writer);
    }
  }

  async function takeTurn(writer: string, hourly: Spacing | undefined, signal: AbortSignal | undefined): Promise<void> {
    const spacing = { everyMs: 60_000 / writesPerMinute, burst: BURST };
    const until = performance.now() + PATIENCE_MS;
    let wait = await claimWrite(database, { credentialId, writer }, spacing, hourly);
    if (wait > 0) waited(provider.id, 'spacing');
    while (wait > 0) {
      if (performance.now() + wait > until) throw notNow('Writes with this credential are kept apart, as its provider wants it', wait);
      await sleep(wait, undefined, signal === undefined ? {} : { signal });
      wait = await claimWrite(database, { credentialId, writer }, spacing, hourly);
    }
  }

  return async (input, init = {}) => {
    const left = await findBudget(database, credentialId);
    if (left !== undefined && isSpent(left, urgency)) {
      waited(provider.id, 'budget');
      throw notNow('What is left of the budget of this credential is kept for what is more urgent', left.resetMs);
    }
    return isRead(init.method) || writesPerMinute === 0 ? ask(input, init) : write(input, init);
  };
}

/** Before zero, since a call that is refused counts as well, and those who go on are locked out. */
function isSpent({ most, remaining, near }: BudgetLeft, urgency: Urgency): boolean {
  if (near && urgency === 'background') return true;
  return remaining !== null && remaining <= Math.floor((most ?? 0) * RESERVE[urgency]);
}

function isRead(method: string | undefined): boolean {
  return method === undefined || /^(?:GET|HEAD|OPTIONS)$/i.test(method);
}

function notNow(why: string, ms: number): Failure {
  const seconds = Math.ceil(ms / 1_000);
  return new Failure('PROVIDER_BUSY', {
    message: `${why}; the next call is made in ${seconds} s.`,
    help: 'Nothing to do: it goes on by itself. The token shows as rate what is left, and when it is renewed.',
    retryAfterMs: Math.ceil(ms + Math.random() * SPREAD_MS),
  });
}
