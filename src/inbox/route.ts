import type { Logger } from 'pino';
import type { Database, Tx } from '#db/database.ts';
import type { RepositoryEvent } from '#domain/event.ts';
import type { Meters } from '#domain/meters.ts';
import type { TraceStep, Tracing } from '#domain/trace.ts';
import { traced } from '#domain/trace.ts';
import type { VerifiedBody, WebhookReader } from '#providers/contract.ts';
import type { JobSender } from '#queue/queue.ts';
import { askForSync } from '#queue/turn.ts';
import { reached } from '#steps/reached.ts';
import { decide } from './decide.ts';
import type { RoutedDelivery, StoredDelivery } from './store.ts';
import { claimUnrouted, findHookRepository, markRouted, noteHookSeen, postpone } from './store.ts';

export interface RouteDeps {
  readonly database: Database;
  readonly queue: JobSender;
  readonly log: Logger;
  readonly findReader: (provider: string) => WebhookReader | undefined;
  readonly tracing: Tracing;
  readonly meters: Pick<Meters, 'routed'>;
}

/** Deliveries routed in one transaction. One repository's flood becomes one ask per batch; a larger batch gained nothing and holds locks longer. */
const BATCH = 100;
/** Ids that one log line names. */
const MOST_LOGGED = 20;
/** After a fault of ours a batch is tried again one by one, and a delivery that still fails is set aside for a while. */
const POSTPONE_MS = 30_000;
/** Then it is parked as failed, for somebody to replay: it would be tried for ever. */
const MOST_ATTEMPTS = 10;

/** Routes what waits, batch by batch, until nothing does. Returns how many were routed. */
export async function routeDeliveries(deps: RouteDeps): Promise<number> {
  let routed = 0;
  for (;;) {
    const count = await routeSafely(deps, BATCH);
    routed += count;
    if (count < BATCH) return routed;
  }
}

async function routeSafely(deps: RouteDeps, limit: number): Promise<number> {
  const taken: string[] = [];
  try {
    const routed = await deps.database.transaction((tx) => routeBatch(deps, tx, limit, taken));
    if (routed > 0) reached('route.committed');
    return routed;
  } catch (error) {
    if (taken.length === 0) throw error;
    deps.log.error({ err: error, deliveryIds: taken.slice(0, MOST_LOGGED), deliveries: taken.length }, 'routing deliveries failed');
    if (taken.length > 1) return routeSafely(deps, 1);
    await postpone(deps.database, taken, { afterMs: POSTPONE_MS, mostAttempts: MOST_ATTEMPTS, reason: reasonOf(error) });
    return taken.length;
  }
}

/** Enough to find it in the log. What an error says may hold what the delivery says. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? ` ${error.code.slice(0, 40)}` : '';
  return `${error instanceof Error ? error.name : 'an error'}${code}`;
}

async function routeBatch(deps: RouteDeps, tx: Tx, limit: number, taken: string[]): Promise<number> {
  const deliveries = await claimUnrouted(tx, limit);
  taken.push(...deliveries.map((delivery) => delivery.id));
  if (taken.length > 0) reached('route.claimed');
  const batch: Batch = { asked: new Map(), seen: new Map() };
  for (const delivery of deliveries) {
    const { id: deliveryId, provider, traceparent } = delivery;
    await traced(deps.tracing, 'route', { parent: traceparent, attributes: { deliveryId, provider } }, async (step) => {
      const routed = await routeOne(deps, tx, delivery, batch, step);
      await markRouted(tx, routed);
      step.set({ outcome: routed.status, ...(routed.jobResultIds[0] === undefined ? {} : { jobResultId: routed.jobResultIds[0] }) });
      reached('route.marked');
      deps.meters.routed(provider, routed.status);
    });
  }
  // After the repositories, which whoever changes one of them locks first, and in one order for all who route.
  for (const [hookId, change] of [...batch.seen].toSorted(([one], [other]) => (one < other ? -1 : 1)))
    await noteHookSeen(tx, hookId, change);
  return deliveries.length;
}

interface Batch {
  /** Job results that were asked for already, by repository, so that a thousand pushes are one ask. */
  readonly asked: Map<string, string>;
  /** Hooks that deliveries arrived from, and whether the last one said that it is gone. */
  readonly seen: Map<string, { readonly removed: boolean }>;
}

async function routeOne(
  deps: RouteDeps,
  tx: Tx,
  delivery: StoredDelivery,
  { asked, seen }: Batch,
  step: TraceStep,
): Promise<RoutedDelivery> {
  const events = readEvents(deps, delivery);
  if ('problem' in events)
    return { id: delivery.id, status: 'failed', detail: `Not readable: ${events.problem}`, events: [], jobResultIds: [] };
  const repository = await findHookRepository(tx, delivery.hook_id);
  if (repository === undefined)
    return { id: delivery.id, status: 'ignored', detail: 'The repository was deleted.', events, jobResultIds: [] };
  seen.set(delivery.hook_id, { removed: events.some((event) => event.kind === 'hook-removed') });
  const decisions = events.map((event) => decide(event, repository));
  if (!decisions.some((decision) => decision.kind === 'sync')) {
    const detail = decisions.map((decision) => (decision.kind === 'nothing' ? decision.reason : '')).join(' ');
    return { id: delivery.id, status: 'ignored', detail, events, jobResultIds: [] };
  }
  const jobResultId =
    asked.get(repository.id) ??
    (await askForSync(deps.queue, tx, { repositoryId: repository.id, reason: 'webhook', traceparent: step.traceparent })).jobResultId;
  asked.set(repository.id, jobResultId);
  reached('route.asked');
  return { id: delivery.id, status: 'routed', detail: undefined, events, jobResultIds: [jobResultId] };
}

function readEvents(deps: RouteDeps, delivery: StoredDelivery): readonly RepositoryEvent[] | { readonly problem: string } {
  const reader = deps.findReader(delivery.provider);
  if (reader === undefined) return { problem: `no reader for ${delivery.provider}` };
  const events = reader.parseEvent(asVerified(delivery.body), asHeaders(delivery.headers));
  return events.ok ? events.value : { problem: events.error.message };
}

/** The inbox stores nothing that was not verified, so what it gives back is. */
function asVerified(body: Uint8Array): VerifiedBody {
  return body as VerifiedBody;
}

function asHeaders(stored: unknown): Readonly<Record<string, string>> {
  return typeof stored === 'object' && stored !== null
    ? Object.fromEntries(Object.entries(stored).map(([name, value]) => [name, String(value)]))
    : {};
}
