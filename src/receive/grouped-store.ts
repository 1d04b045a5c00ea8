import type { Admission, NewDelivery } from '#inbox/store-deliveries.ts';
import { createGroups } from './group.ts';

/** Rows of one INSERT, and INSERTs at once when they take long: see docs/performance.md. */
const MOST_ROWS = 200;
const MOST_BYTES = 16 * 1024 * 1024;
const MOST_IN_FLIGHT = 4;

/** Stores deliveries that arrive together with one INSERT. It resolves when the delivery is committed and rejects when it is not. */
export function createGroupedStore(
  insert: (deliveries: readonly NewDelivery[]) => Promise<readonly Admission[]>,
): (delivery: NewDelivery) => Promise<Admission> {
  return createGroups({ run: insert, begin: beginInsert, mostInFlight: MOST_IN_FLIGHT });
}

/** Two of one key never share an INSERT, where the second would see neither row nor conflict. */
function beginInsert(): (delivery: NewDelivery) => boolean {
  const keys = new Set<string>();
  let bytes = 0;
  return ({ hook, key, body }) => {
    const whole = `${hook.id} ${key}`;
    if (keys.size >= MOST_ROWS || bytes + body.length > MOST_BYTES || keys.has(whole)) return false;
    keys.add(whole);
    bytes += body.length;
    return true;
  };
}
