import type { Registry } from 'prom-client';
import { Counter, Gauge, Registry as PromRegistry, collectDefaultMetrics } from 'prom-client';
import type { Database } from '#db/database.ts';
import { countUnrouted } from '#inbox/store.ts';
import type { Queue } from '#queue/boss.ts';

export interface Metrics {
  readonly registry: Registry;
  readonly countDelivery: (provider: string, outcome: string) => void;
}

/** What a scrape answers: is anything stuck, stale or failing. Gauges are read from the database when asked, so every process tells the same. */
export function createMetrics({ database, queue }: { readonly database: Database; readonly queue: Queue }): Metrics {
  const registry = new PromRegistry();
  collectDefaultMetrics({ register: registry });
  const deliveries = new Counter({
    name: 'tributary_deliveries_received_total',
    help: 'Webhook requests by provider and outcome, in this process',
    labelNames: ['provider', 'outcome'],
    registers: [registry],
  });
  new Gauge({
    name: 'tributary_deliveries_unrouted',
    help: 'Stored deliveries that are not routed yet',
    registers: [registry],
    async collect() {
      this.set((await countUnrouted(database)).count);
    },
  });
  new Gauge({
    name: 'tributary_deliveries_unrouted_oldest_seconds',
    help: 'Age of the oldest delivery that is not routed yet',
    registers: [registry],
    async collect() {
      this.set((await countUnrouted(database)).oldestSeconds);
    },
  });
  new Gauge({
    name: 'tributary_jobs',
    help: 'Jobs by queue and state',
    labelNames: ['queue', 'state'],
    registers: [registry],
    async collect() {
      for (const { name, queued, active } of await queue.counts()) {
        this.set({ queue: name, state: 'queued' }, queued);
        this.set({ queue: name, state: 'active' }, active);
      }
    },
  });
  new Gauge({
    name: 'tributary_repositories',
    help: 'Repositories by operational state and sync state',
    labelNames: ['operational', 'sync'],
    registers: [registry],
    async collect() {
      this.reset();
      for (const { operational, sync, count } of await countRepositoryStates(database)) this.set({ operational, sync }, count);
    },
  });
  return { registry, countDelivery: (provider, outcome) => deliveries.inc({ provider, outcome }) };
}

/** Each repository once, with the state of its line where it has one. */
async function countRepositoryStates(database: Database) {
  const rows = await database.kysely
    .selectFrom('repositories')
    .leftJoin('lines', 'lines.repository_id', 'repositories.id')
    .select((eb) => ['repositories.operational_state as operational', 'lines.sync_state as sync', eb.fn.countAll<number>().as('count')])
    .groupBy(['repositories.operational_state', 'lines.sync_state'])
    .execute();
  return rows.map(({ operational, sync, count }) => ({ operational, sync: sync ?? 'unknown', count }));
}
