import { LRUCache } from 'lru-cache';
import type { VerifiedHook } from '#inbox/store-deliveries.ts';
import type { HookSecretKind, HookSecrets } from '#providers/contract.ts';
import { createGroups } from './group.ts';

/** Every secret that is valid for a hook. */
export interface OpenedHook {
  readonly secrets: HookSecrets;
  /** The kind to demand once a delivery had it; undefined where that is settled, or there is but one. */
  readonly tightenTo: HookSecretKind | undefined;
}

/** A hook as it is in the database now; its secrets are opened when somebody needs them. */
export interface StoredHook extends VerifiedHook {
  readonly provider: string;
  readonly open: () => OpenedHook;
}

/** A hook as it was when it was looked up. */
export interface KnownHook extends VerifiedHook, OpenedHook {
  readonly provider: string;
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

/**
 * Remembers the hooks that deliveries were verified for: the look-up and opening the secret cost more than storing a delivery does
 * (docs/performance.md). No message between processes keeps it true and none is needed, see `recall`.
 */
export function createKnownHooks(load: (hookIds: readonly string[]) => Promise<ReadonlyMap<string, StoredHook>>): KnownHooks {
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
      const remembered = known.get(hookId);
      if (remembered !== undefined && isSame(remembered, stored)) return remembered;
      const { open, ...rest } = stored;
      const hook = { ...rest, ...open() };
      known.set(hookId, hook);
      return hook;
    },
  };
}

function isSame(one: VerifiedHook, other: VerifiedHook): boolean {
  return (
    one.secretKind === other.secretKind &&
    sameBytes(one.sealedSecret, other.sealedSecret) &&
    sameBytes(one.sealedPreviousSecret, other.sealedPreviousSecret)
  );
}

function sameBytes(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one === undefined || other === undefined ? one === other : Buffer.compare(one, other) === 0;
}
