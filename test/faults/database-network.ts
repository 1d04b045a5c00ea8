import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { context } from '#test/support/content-files.ts';
import { runSql } from '#test/support/fresh-database.ts';
import type { TcpProxy } from '#test/support/tcp-proxy.ts';
import { startTcpProxy } from '#test/support/tcp-proxy.ts';
import { until } from '#test/support/until.ts';
import type { Registered, World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';
import { countAnswers, findLost, findWrongAnswers, startSenders } from './acknowledged.ts';
import type { Fault } from './fault.ts';
import { checkSettled } from './settled.ts';

/** What is done to the database of the service, through the proxy or at the server. Undone by what it answers with. */
interface Trouble {
  readonly begin: (bench: Bench) => Promise<() => Promise<void> | void>;
  /** Work has to go on meanwhile; otherwise it has to go on afterwards. */
  readonly goesOn: boolean;
}

interface Bench {
  readonly proxy: TcpProxy;
  /** The database, past the proxy. */
  readonly url: string;
  readonly random: () => number;
}

const LASTS_MS = 20_000;
/**
 * What is promised: the process has recovered, or has ended. A delivery that could not be stored was answered 503 and comes no more by itself;
 * the next look at the remote finds the push (F3). With 0.8 s for each of its seventy questions a run alone takes a minute.
 */
const RECOVERED_WITHIN_MS = 120_000;
const TIMES_A_SECOND_MS = 200;
const OTHERS = "pid <> pg_backend_pid() and application_name like 'tributary%'";

const TROUBLES: Readonly<Record<string, Trouble>> = {
  'late by 400 ms': { goesOn: true, begin: async ({ proxy }) => weather(proxy, { latencyMs: 400 }) },
  'late by 3 s': { goesOn: false, begin: async ({ proxy }) => weather(proxy, { latencyMs: 3_000 }) },
  'open connections silent, new ones well': {
    goesOn: true,
    begin: async ({ proxy }) => {
      proxy.setOpen({ silent: true });
      return () => undefined;
    },
  },
  'everything silent': { goesOn: false, begin: async ({ proxy }) => weather(proxy, { silent: true }) },
  'connections refused': { goesOn: false, begin: async ({ proxy }) => weather(proxy, { refused: true }, true) },
  'connections reset, five times a second': {
    goesOn: true,
    begin: async ({ proxy, random }) => repeat(async () => void proxy.reset(() => random() < 0.2)),
  },
  'a backend terminated, five times a second': {
    goesOn: true,
    begin: async ({ url }) =>
      repeat(() =>
        runSql(url, `select pg_terminate_backend(pid) from (select pid from pg_stat_activity where ${OTHERS} order by random() limit 1) x`),
      ),
  },
  'no connection left at the server': { goesOn: false, begin: ({ url }) => exhaust(url) },
  'read-only': { goesOn: false, begin: ({ url }) => readOnly(url) },
  'the repositories locked by somebody who sleeps': { goesOn: false, begin: ({ url }) => lockRepositories(url) },
};

export const databaseNetwork: Fault = {
  title: 'trouble between the service and PostgreSQL, of every kind, twenty seconds each',
  rounds: 1,
  roundWithinMs: 1_800_000,
  run: async ({ scope, postgres, rounds, only, random, say }) => {
    const server = new URL(postgres.url);
    const proxy = await startTcpProxy(scope, { port: Number(server.port) });
    const proxied = new URL(postgres.url);
    proxied.port = String(proxy.port);
    const world = await startWorld(scope, { serverUrl: proxied.href, workers: 2, env: { LOG_LEVEL: 'info' } });
    scope.defer(() => proxy.set({}));
    const url = (world.service.databaseUrl ?? '').replace(`:${proxy.port}/`, `:${server.port}/`);
    const repository = await world.register('troubled', { 'config_contexts/a.json': context('Troubled') });
    const pushed = await world.register('pushed', { 'config_contexts/a.json': context('Pushed') });
    const senders = await startSenders(world, repository);
    const commits: string[] = [];
    const problems: string[] = [];
    const chosen = Object.entries(TROUBLES).filter(([name]) => only === undefined || name.includes(only));
    for (const [name, trouble] of Array.from({ length: rounds }, () => chosen).flat()) {
      const end = await trouble.begin({ proxy, url, random });
      commits.push(await world.push(pushed, { 'config_contexts/a.json': context('Pushed', { push: commits.length }) }));
      const began = performance.now();
      if (trouble.goesOn) problems.push(...(await recovered(world, url, pushed, commits, name)));
      await sleep(Math.max(0, LASTS_MS - (performance.now() - began)));
      await end();
      const over = performance.now();
      problems.push(...(await recovered(world, url, pushed, commits, name)));
      problems.push(...(await restartEnded(world, name)));
      say(`${name}: served ${((performance.now() - over) / 1_000).toFixed(1)} s after its end`);
    }
    await senders.stop();
    const lost = await findLost(world, repository, senders);
    const settled = [
      { repository, commits: [] },
      { repository: pushed, commits },
    ];
    problems.push(...lost, ...findWrongAnswers(senders), ...(await checkSettled(world, settled)));
    return { counts: { troubles: chosen.length * rounds, ...countAnswers(senders), lost: lost.length }, problems };
  },
};

/** Whether the newest push is imported in time, as the database has it: the interface may be what does not answer. */
async function recovered(
  world: World,
  url: string,
  { id }: Registered,
  commits: readonly string[],
  name: string,
): Promise<readonly string[]> {
  const wanted = commits.at(-1);
  try {
    await until(
      'the push to be imported',
      async () => {
        const [line] = await runSql(url, 'select good_commit_id from lines where repository_id = $1', [id]);
        return line?.['good_commit_id'] === wanted ? true : undefined;
      },
      { withinMs: RECOVERED_WITHIN_MS },
    );
    return [];
  } catch {
    const ended = world.service.processes.filter((process) => process.command !== 'migrate' && !process.isRunning());
    return ended.length > 0 ? [] : [`${name}: no process ended, and after ${RECOVERED_WITHIN_MS / 1_000} s a push is not imported`];
  }
}

/** A process may end, as its supervisor starts it again; that is said. */
async function restartEnded(world: World, name: string): Promise<readonly string[]> {
  const alive = new Set(world.service.processes.filter((process) => process.isRunning()).map(({ dataDir }) => dataDir));
  const ended = world.service.processes.filter(({ command, dataDir }) => command !== 'migrate' && !alive.has(dataDir));
  for (const process of ended) await world.service.startAgain(process);
  return ended.map(({ command }) => `${name}: a ${command} ended`);
}

function weather(proxy: TcpProxy, bad: Parameters<TcpProxy['set']>[0], cut = false): () => void {
  proxy.set(bad);
  if (cut) proxy.reset();
  return () => {
    proxy.set({});
    // What was swallowed is missing for ever: such a connection cannot be made good again.
    if (bad.silent === true) proxy.setOpen({ silent: true });
  };
}

async function repeat(step: () => Promise<unknown>): Promise<() => Promise<void>> {
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      await step().catch(() => undefined);
      await sleep(TIMES_A_SECOND_MS);
    }
  })();
  return async () => {
    stopped = true;
    await running;
  };
}

async function exhaust(url: string): Promise<() => Promise<void>> {
  const taken: pg.Client[] = [];
  const stop = await repeat(async () => {
    for (;;) {
      const client = new pg.Client({ connectionString: url });
      client.on('error', () => undefined);
      await client.connect();
      taken.push(client);
    }
  });
  return async () => {
    await stop();
    await Promise.all(taken.map((client) => client.end()));
  };
}

async function readOnly(url: string): Promise<() => Promise<void>> {
  const name = pg.escapeIdentifier(new URL(url).pathname.slice(1));
  const endOthers = `select pg_terminate_backend(pid) from pg_stat_activity where ${OTHERS}`;
  await runSql(url, `alter database ${name} set default_transaction_read_only = on`);
  await runSql(url, endOthers);
  return async () => {
    const client = new pg.Client({ connectionString: url, options: '-c default_transaction_read_only=off' });
    await client.connect();
    await client.query(`alter database ${name} reset default_transaction_read_only`);
    await client.query(endOthers);
    await client.end();
  };
}

async function lockRepositories(url: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('begin');
  await client.query('select id from repositories for update');
  return () => client.end();
}
