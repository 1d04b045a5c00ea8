import { LRUCache } from 'lru-cache';
import type { VerifiedHook } from '#inbox/store-deliveries.ts';
import type { HookSecretKind, HookSecrets } from '#providers/contract.ts';
import { createGroups } from './group.ts';

/** Every secret that is valid for a hook. */
export interface OpenedHook {
  readonly secrets: HookSecrets;
  /** Those of the present key alone, while the key before it is taken as well; undefined when it is not. */
  readonly present: HookSecrets | undefined;
  /** The kind to demand once a delivery had it; undefined where that is settled, or there is but one. */
  readonly tightenTo: HookSecretKind | undefined;
}

/** A hook as it is in the database now; its secrets are opened when somebody needs them. */
export interface StoredHook extends VerifiedHook {
  readonly provider: string;
  /** When it was read, by the clock that all processes share. */
  readonly readAt: Date;
  readonly open: () => OpenedHook;
}

/** A hook as it was when it was looked up. */
export interface KnownHook extends VerifiedHook, OpenedHook {
  readonly provider: string;
  /** How far the database's clock is ahead of this process's. */
  readonly clockAheadMs: number;
}

export interface KnownHooks {
  /** What is remembered, which may be out of date: nothing may be refused for it, and nothing stored but by a statement that checks it. */
  readonly recall: (hookId: string) => KnownHook | undefined;
  /** What the database says, asked after this call began. The same object as the remembered one while that is still right. */
  readonly look: (hookId: string) => Promise<KnownHook | undefined>;
}

/** Opened secrets are kept for so many hooks and no longer than this, so that memory holds few and for a short time. */
const MOST_HOOKS = 2_000;
const KEEP_MS = 60_000;
/** Look-ups of one query, and queries at once: a flood of wrong signatures takes no more of the database than this. */
const MOST_LOOKUPS = 200;
const MOST_IN_FLIGHT = 2;
/** Less is the time that a look-up takes; signatures are judged by minutes. */
const CLOCK_STEP_MS = 5_000;

/**
 * Remembers the hooks that deliveries were verified for: the look-up and opening the secret cost more than storing a delivery does
 * (docs/performance.md). No message between processes keeps it true and none is needed, see `recall`.
 */
export function createKnownHooks(
  load: (hookIds: readonly string[]) => Promise<ReadonlyMap<string, StoredHook>>,
  now: () => Date,
): KnownHooks {
  const known = new LRUCache<string, KnownHook>({ max: MOST_HOOKS, ttl: KEEP_MS });
  const find = createGroups<string, StoredHook | undefined>({
    run: async (hookIds) => {
      const stored = await load([...new Set(hookIds)]);
      return hookIds.map((hookId) => stored.get(hookId));
    },
    begin: () => {
      let count = 0;
      return () => ++count <= MOST_LOOKUPS;
    },
    mostInFlight: MOST_IN_FLIGHT,
  });
  return {
    recall: (hookId) => known.get(hookId),
    look: async (hookId) => {
      const stored = await find(hookId);
      if (stored === undefined) {
        known.delete(hookId);
        return undefined;
      }
      const { open, readAt, ...rest } = stored;
      const current = { ...rest, clockAheadMs: readAt.getTime() - now().getTime() };
      const remembered = known.get(hookId);
      if (remembered !== undefined && isSame(remembered, current)) return remembered;
      const hook = { ...current, ...open() };
      known.set(hookId, hook);
      return hook;
    },
  };
}

type Comparable = VerifiedHook & Pick<KnownHook, 'clockAheadMs'>;

function isSame(one: Comparable, other: Comparable): boolean {
  return (
    Math.abs(one.clockAheadMs - other.clockAheadMs) < CLOCK_STEP_MS &&
    one.secretKind === other.secretKind &&
    sameBytes(one.sealedSecret, other.sealedSecret) &&
    sameBytes(one.sealedPreviousSecret, other.sealedPreviousSecret)
  );
}

function sameBytes(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one === undefined || other === undefined ? one === other : Buffer.compare(one, other) === 0;
}
