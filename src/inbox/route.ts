import type { Logger } from 'pino';
import type { Database, Tx } from '#db/database.ts';
import type { RepositoryEvent } from '#domain/event.ts';
import type { Meters } from '#domain/meters.ts';
import type { Tracing } from '#domain/trace.ts';
import { traced } from '#domain/trace.ts';
import type { VerifiedBody, WebhookReader } from '#providers/contract.ts';
import type { JobSender } from '#queue/queue.ts';
import { askForSync } from '#queue/ask.ts';
import { reached } from '#steps/reached.ts';
import { decide } from './decide.ts';
import type { HookRepository, RoutedDelivery, StoredDelivery } from './store.ts';
import { claimUnrouted, findHookRepository, markRouted, noteHooksSeen, postpone } from './store.ts';

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

/**
 * Few statements whatever the batch: whoever syncs one of these repositories has to renew its turn on a row that an ask locks until
 * the commit. With three statements for each delivery, a database that is 400 ms late cut off the very run that was under way.
 */
async function routeBatch(deps: RouteDeps, tx: Tx, limit: number, taken: string[]): Promise<number> {
  const deliveries = await claimUnrouted(tx, limit);
  taken.push(...deliveries.map((delivery) => delivery.id));
  if (deliveries.length === 0) return 0;
  reached('route.claimed');
  const repositories = new Map<string, HookRepository | undefined>();
  for (const { hook_id: hookId } of deliveries) {
    if (!repositories.has(hookId)) repositories.set(hookId, await findHookRepository(tx, hookId));
  }
  // In one order for everyone: two batches that concern the same repositories wait for each other instead of deadlocking.
  const decided = deliveries
    .map((delivery) => decideOne(deps, delivery, repositories.get(delivery.hook_id)))
    .toSorted((a, b) => compare(a.delivery.hook_id, b.delivery.hook_id));
  const batch: Batch = { asked: new Map(), pushes: countPushes(decided) };
  const routed: RoutedDelivery[] = [];
  for (const one of decided) routed.push(await askFor(deps, tx, one, batch));
  await markRouted(tx, routed);
  await noteHooksSeen(tx, seenHooks(decided));
  reached('route.marked');
  return deliveries.length;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

interface Decided {
  readonly delivery: StoredDelivery;
  readonly events: readonly RepositoryEvent[];
  readonly outcome: { readonly syncOf: string } | { readonly status: 'ignored' | 'failed'; readonly detail: string };
}

/** What a delivery comes to, without a look at anything but what is given. */
function decideOne(deps: RouteDeps, delivery: StoredDelivery, repository: HookRepository | undefined): Decided {
  const events = readEvents(deps, delivery);
  if ('problem' in events) return { delivery, events: [], outcome: { status: 'failed', detail: `Not readable: ${events.problem}` } };
  if (repository === undefined) return { delivery, events, outcome: { status: 'ignored', detail: 'The repository was deleted.' } };
  const decisions = events.map((event) => decide(event, repository));
  if (decisions.some((decision) => decision.kind === 'sync')) return { delivery, events, outcome: { syncOf: repository.id } };
  const detail = decisions.map((decision) => (decision.kind === 'nothing' ? decision.reason : '')).join(' ');
  return { delivery, events, outcome: { status: 'ignored', detail } };
}

interface Batch {
  /** Job results that this batch asked for already, by repository, so that a thousand pushes are one ask. */
  readonly asked: Map<string, string>;
  /** How many pushes that ask stands for. */
  readonly pushes: ReadonlyMap<string, number>;
}

function countPushes(decided: readonly Decided[]): ReadonlyMap<string, number> {
  const pushes = new Map<string, number>();
  for (const { outcome } of decided) if ('syncOf' in outcome) pushes.set(outcome.syncOf, (pushes.get(outcome.syncOf) ?? 0) + 1);
  return pushes;
}

async function askFor(deps: RouteDeps, tx: Tx, { delivery, events, outcome }: Decided, { asked, pushes }: Batch): Promise<RoutedDelivery> {
  const { id, provider, traceparent } = delivery;
  return traced(deps.tracing, 'route', { parent: traceparent, attributes: { deliveryId: id, provider } }, async (step) => {
    if (!('syncOf' in outcome)) {
      step.set({ outcome: outcome.status });
      deps.meters.routed(provider, outcome.status);
      return { id, ...outcome, events, jobResultIds: [] };
    }
    const repositoryId = outcome.syncOf;
    const ask = { repositoryId, reason: 'webhook', pushes: pushes.get(repositoryId), traceparent: step.traceparent } as const;
    const jobResultId = asked.get(repositoryId) ?? (await askForSync(deps.queue, tx, ask)).jobResultId;
    asked.set(repositoryId, jobResultId);
    reached('route.asked');
    step.set({ outcome: 'routed', jobResultId });
    deps.meters.routed(provider, 'routed');
    return { id, status: 'routed', detail: undefined, events, jobResultIds: [jobResultId] };
  });
}

/** Hooks that deliveries came from, with what the last of them says of the hook itself. */
function seenHooks(decided: readonly Decided[]): ReadonlyMap<string, { readonly removed: boolean }> {
  const readable = decided.filter(({ outcome }) => !('status' in outcome && outcome.status === 'failed'));
  return new Map(
    readable.map(({ delivery, events }) => [delivery.hook_id, { removed: events.some((event) => event.kind === 'hook-removed') }]),
  );
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
