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
import type { AppRepository, AppTarget } from './apps/store.ts';
import { lockRepositories, noteSighting, noteSightingRun, noteThroughApp } from './apps/store.ts';
import { decide } from './decide.ts';
import type { HookRepository, RoutedDelivery, StoredDelivery } from './store.ts';
import { claimUnrouted, markRouted, noteHooksSeen, postpone } from './store.ts';
import type { AppRouting, Target } from './targets.ts';
import { findTarget, repositoriesOf } from './targets.ts';

export interface RouteDeps {
  readonly database: Database;
  readonly queue: JobSender;
  readonly log: Logger;
  readonly findReader: (provider: string) => WebhookReader | undefined;
  readonly tracing: Tracing;
  readonly meters: Pick<Meters, 'routed'>;
  /** Absent: deliveries to Apps are read as those to hooks are. */
  readonly apps?: AppRouting;
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
  const targets = new Map<string, Target>();
  for (const { hook_id: hookId } of deliveries) if (!targets.has(hookId)) targets.set(hookId, await findTarget(tx, hookId));
  const decided: Decided[] = [];
  for (const delivery of deliveries) decided.push(await decideOne(deps, tx, delivery, targets.get(delivery.hook_id) ?? GONE));
  const routed: RoutedDelivery[] = [];
  const batch: Batch = { asked: new Map(), pushes: countPushes(decided) };
  // In one order for everyone: two batches that concern the same repositories wait for each other instead of deadlocking.
  if (decided.some(({ by }) => by === 'app') && batch.pushes.size > 0) await lockRepositories(tx, [...batch.pushes.keys()]);
  for (const one of decided.toSorted((a, b) => compare(placeOf(a), placeOf(b)))) routed.push(await askFor(deps, tx, one, batch));
  await markRouted(tx, routed);
  await noteHooksSeen(tx, seenHooks(decided));
  await noteThroughApp(tx, [...new Set(decided.flatMap(({ throughApp }) => throughApp))]);
  reached('route.marked');
  return deliveries.length;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function placeOf({ delivery, outcome }: Decided): string {
  return ('syncOf' in outcome ? outcome.syncOf[0]?.id : undefined) ?? delivery.hook_id;
}

const GONE: Target = { is: 'gone' };

interface Decided {
  readonly delivery: StoredDelivery;
  readonly by: 'hook' | 'app';
  readonly events: readonly RepositoryEvent[];
  readonly outcome:
    | { readonly syncOf: readonly HookRepository[] }
    | { readonly status: 'routed' | 'ignored' | 'failed'; readonly detail: string };
  /** Repositories that have no other way to be told. */
  readonly throughApp: readonly string[];
}

/** What a delivery comes to. To a hook's own address it is about the hook's repository; to an App's, about those that are registered of it. */
async function decideOne(deps: RouteDeps, tx: Tx, delivery: StoredDelivery, target: Target): Promise<Decided> {
  const by = target.is === 'app' ? 'app' : 'hook';
  const events = await readEvents(deps, delivery, by);
  const without = { delivery, by, throughApp: [] } as const;
  if ('problem' in events) return { ...without, events: [], outcome: { status: 'failed', detail: `Not readable: ${events.problem}` } };
  if (target.is === 'gone') return { ...without, events, outcome: { status: 'ignored', detail: 'The repository was deleted.' } };
  if (target.is === 'repository') return { ...without, events, outcome: toOutcome(events.map((event) => [event, target.repository])) };
  return decideForApp(deps, tx, { ...without, events }, target.app);
}

async function decideForApp(deps: RouteDeps, tx: Tx, without: Omit<Decided, 'outcome'>, app: AppTarget): Promise<Decided> {
  const pairs: [RepositoryEvent, AppRepository][] = [];
  const told: string[] = [];
  for (const event of without.events) {
    if (event.kind === 'installation-changed') told.push((await deps.apps?.installationChanged(tx, app, event)) ?? '');
    else for (const repository of await repositoriesOf(tx, app, event)) pairs.push([event, repository]);
  }
  if (told.length > 0) return { ...without, outcome: { status: 'routed', detail: told.join(' ') } };
  const throughApp = pairs.filter(([, repository]) => repository.through_app).map(([, { id }]) => id);
  if (pairs.length > 0) return { ...without, throughApp, outcome: toOutcome(pairs) };
  const reasons = without.events.map((event) => (event.kind === 'ignored' ? event.reason : UNREGISTERED[event.kind]));
  return { ...without, outcome: { status: 'ignored', detail: reasons.join(' ') } };
}

const NOT_REGISTERED = 'The repository is not registered here.';
const UNREGISTERED: Readonly<Record<Exclude<RepositoryEvent['kind'], 'ignored'>, string>> = {
  push: NOT_REGISTERED,
  tag: NOT_REGISTERED,
  'change-request': NOT_REGISTERED,
  'repository-changed': NOT_REGISTERED,
  'check-requested': NOT_REGISTERED,
  'token-expiring': NOT_REGISTERED,
  'installation-changed': '',
  ping: 'The provider greets the App: deliveries arrive.',
  'hook-removed': 'The hook was removed at the provider.',
};

function toOutcome(pairs: readonly (readonly [RepositoryEvent, HookRepository])[]): Decided['outcome'] {
  const decisions = pairs.map(([event, repository]) => ({ repository, decision: decide(event, repository) }));
  const syncOf = decisions.filter(({ decision }) => decision.kind === 'sync').map(({ repository }) => repository);
  if (syncOf.length > 0) return { syncOf: [...new Map(syncOf.map((repository) => [repository.id, repository])).values()] };
  const detail = [...new Set(decisions.map(({ decision }) => (decision.kind === 'nothing' ? decision.reason : '')))].join(' ');
  return { status: 'ignored', detail };
}

interface Batch {
  /** Job results that this batch asked for already, by repository, so that a thousand pushes are one ask. */
  readonly asked: Map<string, string>;
  /** How many pushes that ask stands for. */
  readonly pushes: ReadonlyMap<string, number>;
}

function countPushes(decided: readonly Decided[]): ReadonlyMap<string, number> {
  const pushes = new Map<string, number>();
  for (const { outcome } of decided)
    if ('syncOf' in outcome) for (const { id } of outcome.syncOf) pushes.set(id, (pushes.get(id) ?? 0) + 1);
  return pushes;
}

async function askFor(deps: RouteDeps, tx: Tx, decided: Decided, batch: Batch): Promise<RoutedDelivery> {
  const { delivery, events, outcome } = decided;
  const { id, provider, traceparent } = delivery;
  return traced(deps.tracing, 'route', { parent: traceparent, attributes: { deliveryId: id, provider } }, async (step) => {
    if (!('syncOf' in outcome)) {
      step.set({ outcome: outcome.status });
      deps.meters.routed(provider, outcome.status);
      return { id, ...outcome, events, jobResultIds: [] };
    }
    const asked: Asked[] = [];
    for (const repository of outcome.syncOf)
      asked.push(await askOnce(deps, tx, { decided, repository, batch, traceparent: step.traceparent }));
    reached('route.asked');
    const jobResultIds = [...new Set(asked.map(({ jobResultId }) => jobResultId))];
    step.set({ outcome: 'routed', jobResultId: jobResultIds[0] ?? '' });
    deps.meters.routed(provider, 'routed');
    const repeated = asked.some(({ isRepeated }) => isRepeated);
    const detail = repeated
      ? `The ${decided.by === 'app' ? 'hook of the repository' : 'App'} told of this push before: duplicate through App and hook.`
      : undefined;
    return { id, status: 'routed', detail, events, jobResultIds };
  });
}

interface Asked {
  readonly jobResultId: string;
  readonly isRepeated: boolean;
}

interface AskOnce {
  readonly decided: Decided;
  readonly repository: HookRepository;
  readonly batch: Batch;
  readonly traceparent: string | undefined;
}

/** Asks for a run of one repository, unless this batch did, or the other way by which this push is told. */
async function askOnce(deps: RouteDeps, tx: Tx, { decided, repository, batch, traceparent }: AskOnce): Promise<Asked> {
  const { events, by } = decided;
  const { asked, pushes } = batch;
  const repositoryId = repository.id;
  const push = repository.told_twice ? events.find((event) => event.kind === 'push' || event.kind === 'tag') : undefined;
  const sighting = push === undefined ? undefined : await noteSighting(tx, repositoryId, push, by);
  if (sighting?.isRepeated === true && sighting.jobResultId !== null) return { jobResultId: sighting.jobResultId, isRepeated: true };
  const requested = events.find((event) => event.kind === 'check-requested');
  if (requested !== undefined) await deps.apps?.repost(tx, repositoryId, requested.commit);
  const ask = { repositoryId, reason: 'webhook', pushes: pushes.get(repositoryId), force: requested !== undefined, traceparent } as const;
  const jobResultId = asked.get(repositoryId) ?? (await askForSync(deps.queue, tx, ask)).jobResultId;
  asked.set(repositoryId, jobResultId);
  if (push !== undefined) await noteSightingRun(tx, repositoryId, push, jobResultId);
  return { jobResultId, isRepeated: false };
}

/** Hooks that deliveries came from, with what the last of them says of the hook itself. */
function seenHooks(decided: readonly Decided[]): ReadonlyMap<string, { readonly removed: boolean }> {
  const readable = decided.filter(({ outcome }) => !('status' in outcome && outcome.status === 'failed'));
  return new Map(
    readable.map(({ delivery, events }) => [delivery.hook_id, { removed: events.some((event) => event.kind === 'hook-removed') }]),
  );
}

async function readEvents(
  deps: RouteDeps,
  delivery: StoredDelivery,
  by: Decided['by'],
): Promise<readonly RepositoryEvent[] | { readonly problem: string }> {
  const reader = deps.findReader(delivery.provider);
  if (reader === undefined) return { problem: `no reader for ${delivery.provider}` };
  const [body, headers] = [asVerified(delivery.body), asHeaders(delivery.headers)];
  const events = by === 'app' && deps.apps !== undefined ? await deps.apps.readEvents(body, headers) : reader.parseEvent(body, headers);
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
