import { statfs } from 'node:fs/promises';
import { collectDefaultMetrics } from 'prom-client';
import type { Database } from '#db/database.ts';
import type { MetricName } from './catalog.ts';
import type { Instruments } from './registry.ts';
import type { Health } from './store.ts';
import { readHealth } from './store.ts';

export interface ScrapeDeps {
  readonly instruments: Instruments;
  readonly database: Database;
  readonly jobs: () => Promise<readonly JobCounts[]>;
  /** Stored secrets by the role of the key that they stand under. */
  readonly secrets: () => Promise<Readonly<Record<string, number>>>;
  readonly gitProcesses: () => number;
  readonly dataDir: string;
  readonly version: string;
}

export interface JobCounts {
  readonly name: string;
  readonly queued: number;
  readonly active: number;
  readonly deferred: number;
  /** Given up after the last retry. */
  readonly dead: number;
  /** Set aside for a process of a newer version. */
  readonly parked: number;
}

export interface Scrape {
  readonly contentType: string;
  readonly render: () => Promise<string>;
}

/** A database that takes longer is as good as away, and Prometheus itself waits 10 s by default. */
const DATABASE_MS = 5_000;
/** Scrapes that come together, of several servers, share one look at the database. */
const SHARED_MS = 1_000;

/** What a scrape answers: is anything stuck, stale or failing. One that finds no database still tells how the process is. */
export function createScrape(deps: ScrapeDeps): Scrape {
  const { instruments, version } = deps;
  collectDefaultMetrics({ register: instruments.registry });
  instruments.set('tributary_build_info', { version }, 1);
  let refreshing: Promise<void> | undefined;
  let refreshedAt = Number.NEGATIVE_INFINITY;

  async function refresh(): Promise<void> {
    if (performance.now() - refreshedAt < SHARED_MS) return;
    await setGauges(deps);
    refreshedAt = performance.now();
  }

  return {
    contentType: instruments.registry.contentType,
    async render() {
      refreshing ??= refresh().finally(() => {
        refreshing = undefined;
      });
      await refreshing;
      return instruments.registry.metrics();
    },
  };
}

async function setGauges({ instruments, database, jobs, secrets, gitProcesses, dataDir }: ScrapeDeps): Promise<void> {
  const { set, clear } = instruments;
  const seen = await within(DATABASE_MS, Promise.all([readHealth(database), jobs(), secrets()]));
  for (const name of OF_THE_INSTALLATION) clear(name);
  set('tributary_database_up', {}, seen === undefined ? 0 : 1);
  if (seen !== undefined) {
    setHealth(instruments, seen[0]);
    for (const { name: job, ...states } of seen[1])
      for (const [state, count] of Object.entries(states)) set('tributary_jobs', { job, state }, count);
    for (const [key, count] of Object.entries(seen[2])) set('tributary_secrets', { key }, count);
  }
  set('tributary_git_processes', {}, gitProcesses());
  for (const [state, count] of Object.entries(database.connections())) set('tributary_database_connections', { state }, count);
  const { bavail, bsize } = await statfs(dataDir);
  set('tributary_disk_free_bytes', {}, bavail * bsize);
}

/** Cleared before each look: an age that nobody could read must not stand there as if it were known. */
const OF_THE_INSTALLATION: readonly MetricName[] = [
  'tributary_deliveries_unrouted',
  'tributary_deliveries_unrouted_oldest_seconds',
  'tributary_syncs_wanted',
  'tributary_syncs_wanted_oldest_seconds',
  'tributary_turns_running',
  'tributary_turns_overdue',
  'tributary_turns_overdue_oldest_seconds',
  'tributary_reports_unsent',
  'tributary_reports_unsent_oldest_seconds',
  'tributary_jobs',
  'tributary_repositories',
  'tributary_repositories_stale',
  'tributary_credentials',
  'tributary_credential_next_expiry_seconds',
  'tributary_token_expiry_seconds',
  'tributary_tokens_verified_age_seconds',
  'tributary_token_rotations',
  'tributary_notifications_pending',
  'tributary_notifications_pending_oldest_seconds',
  'tributary_notification_targets',
  'tributary_secrets',
  'tributary_provider_budget_least_ratio',
  'tributary_tls_unverified',
  'tributary_hooks',
  'tributary_hooks_suppressed',
  'tributary_hook_missed_changes',
  'tributary_hook_refused_deliveries',
  'tributary_workers',
  'tributary_upkeep_age_seconds',
];

function setHealth({ set }: Instruments, health: Health): void {
  set('tributary_deliveries_unrouted', {}, health.unrouted.count);
  set('tributary_deliveries_unrouted_oldest_seconds', {}, health.unrouted.oldest);
  set('tributary_syncs_wanted', {}, health.wanted.count);
  set('tributary_syncs_wanted_oldest_seconds', {}, health.wanted.oldest);
  set('tributary_turns_running', {}, health.turns.running);
  set('tributary_turns_overdue', {}, health.turns.overdue);
  set('tributary_turns_overdue_oldest_seconds', {}, health.turns.oldestOverdue);
  set('tributary_reports_unsent', {}, health.reports.unsent);
  set('tributary_reports_unsent_oldest_seconds', {}, health.reports.oldest);
  for (const { count, ...labels } of health.repositories) set('tributary_repositories', labels, count);
  for (const { afterS, count } of health.stale) set('tributary_repositories_stale', { after_seconds: String(afterS) }, count);
  for (const { count, ...labels } of health.credentials) set('tributary_credentials', labels, count);
  for (const { left, provider } of health.leastBudgets) set('tributary_provider_budget_least_ratio', { provider }, left);
  for (const { count, ...labels } of health.unverifiedTls) set('tributary_tls_unverified', labels, count);
  for (const { count, ...labels } of health.hooks) set('tributary_hooks', labels, count);
  for (const { provider, suppressed, missed, refused } of health.silence) {
    set('tributary_hooks_suppressed', { provider }, suppressed);
    set('tributary_hook_missed_changes', { provider }, missed);
    set('tributary_hook_refused_deliveries', { provider }, refused);
  }
  for (const { count, version } of health.workers) set('tributary_workers', { version }, count);
  if (health.workers.length === 0) set('tributary_workers', { version: '' }, 0);
  for (const { name, age } of health.upkeep) set('tributary_upkeep_age_seconds', { name }, age);
  setTokens({ set }, health.tokens);
  if (health.nextExpiry !== undefined) set('tributary_credential_next_expiry_seconds', {}, health.nextExpiry);
}

/** undefined when it fails or takes longer. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  const { promise: timeout, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), ms);
  try {
    return await Promise.race([work.catch(() => undefined), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function setTokens({ set }: Pick<Instruments, 'set'>, { ending, verified, rotations, notifications, targets }: Health['tokens']): void {
  for (const { id: token, seconds } of ending) set('tributary_token_expiry_seconds', { token }, seconds);
  for (const { provider, age } of verified) set('tributary_tokens_verified_age_seconds', { provider }, age);
  for (const { state, count } of rotations) set('tributary_token_rotations', { state }, count);
  set('tributary_notifications_pending', {}, notifications.pending);
  set('tributary_notifications_pending_oldest_seconds', {}, notifications.oldest);
  for (const { state, count } of targets) set('tributary_notification_targets', { state }, count);
}
