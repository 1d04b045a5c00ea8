import type { Admission, NewDelivery } from '#inbox/store.ts';

export interface GroupedStore {
  /** Resolves when the delivery is committed; rejects when it is not. */
  readonly store: (delivery: NewDelivery) => Promise<Admission>;
}

interface Waiting {
  readonly delivery: NewDelivery;
  readonly resolve: (admission: Admission) => void;
  readonly reject: (error: unknown) => void;
}

/** Rows of one INSERT, and INSERTs at once: with these a group commit kept up with one bare INSERT per request (PERFORMANCE.md section 2b). */
const MOST_ROWS = 200;
const MOST_BYTES = 16 * 1024 * 1024;
const MOST_IN_FLIGHT = 2;

/**
 * Stores deliveries that arrive together with one INSERT: at once when nothing is under way, otherwise with the next.
 * Nobody waits for company. Two of one key never share an INSERT, where the second would see neither row nor conflict.
 */
export function createGroupedStore(insert: (deliveries: readonly NewDelivery[]) => Promise<readonly Admission[]>): GroupedStore {
  let waiting: Waiting[] = [];
  let inFlight = 0;

  function flush(): void {
    while (waiting.length > 0 && inFlight < MOST_IN_FLIGHT) {
      const { group, rest } = takeGroup(waiting);
      waiting = rest;
      inFlight++;
      void insertGroup(group).finally(() => {
        inFlight--;
        flush();
      });
    }
  }

  async function insertGroup(group: readonly Waiting[]): Promise<void> {
    try {
      const admissions = await insert(group.map((entry) => entry.delivery));
      group.forEach((entry, at) => {
        const admission = admissions[at];
        if (admission === undefined) entry.reject(new Error('the store answered for fewer deliveries than it was given'));
        else entry.resolve(admission);
      });
    } catch (error) {
      if (group.length === 1) group[0]?.reject(error);
      // One row that cannot be stored must not take the others of its group with it.
      else await Promise.all(group.map((entry) => insertGroup([entry])));
    }
  }

  return {
    store: (delivery) =>
      new Promise((resolve, reject) => {
        waiting.push({ delivery, resolve, reject });
        flush();
      }),
  };
}

function takeGroup(waiting: readonly Waiting[]): { readonly group: readonly Waiting[]; readonly rest: Waiting[] } {
  const group: Waiting[] = [];
  const rest: Waiting[] = [];
  const keys = new Set<string>();
  let bytes = 0;
  for (const entry of waiting) {
    const key = `${entry.delivery.hookId} ${entry.delivery.key}`;
    const fits = group.length === 0 || (group.length < MOST_ROWS && bytes + entry.delivery.body.length <= MOST_BYTES && !keys.has(key));
    if (!fits) {
      rest.push(entry);
      continue;
    }
    group.push(entry);
    keys.add(key);
    bytes += entry.delivery.body.length;
  }
  return { group, rest };
}
