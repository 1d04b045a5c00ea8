import type { Unlisten } from '#db/database.ts';
import { createDrain } from '#queue/drain.ts';
import type { RouteDeps } from './route.ts';
import { routeDeliveries } from './route.ts';

/** A NOTIFY may be lost with a connection; this finds what it would have announced. */
const SWEEP_EVERY_MS = 2_000;

/** Routes deliveries as they arrive, for as long as the process lives. */
export async function startRouter(deps: RouteDeps): Promise<Unlisten> {
  const drain = createDrain({ work: () => routeDeliveries(deps), sweepEveryMs: SWEEP_EVERY_MS, log: deps.log });
  const unlisten = await deps.database.listen('tributary_deliveries', drain.wake);
  drain.wake();
  return async () => {
    await unlisten();
    await drain.stop();
  };
}
