import { setTimeout as sleep } from 'node:timers/promises';
import { startScriptedServer } from '#test/hostile/scripted-server.ts';
import { COSTLY } from '#test/hostile/repositories/costly.ts';
import type { Served } from '#test/hostile/served.ts';
import type { RepositoryAnswer } from '#test/support/api-views.ts';
import { context } from '#test/support/content-files.ts';
import { runSql } from '#test/support/fresh-database.ts';
import type { Scope } from '#test/support/scope.ts';
import type { Registered, World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';
import type { Fault } from './fault.ts';
import { checkSettled } from './settled.ts';

/** Before each hostile one, so that what else the machine does falls on both. */
const ALONE_MS = 10_000;
/** SECURITY.md F6: with hostile repositories on the same worker, others' p95 stays within 20 %. */
const MOST_RATIO = 1.2;
const NEVER_BEFORE = 'http://127.0.0.1:1/';

export const hostileNeighbours: Fault = {
  title: 'from push to status of a healthy repository, alone and while hostile ones are synced by the same worker, in turns',
  rounds: 2,
  roundWithinMs: 600_000,
  run: async ({ scope, postgres, rounds, say, only }) => {
    const world = await startWorld(scope, { serverUrl: postgres.url, env: { LOG_LEVEL: 'warn' } });
    const healthy = await world.register('healthy', { 'config_contexts/a.json': context('Healthy') });
    const hostile = await openHostile(scope, world, only);
    const commits: string[] = [];
    const seconds = { alone: [] as number[], beside: [] as number[] };
    let synced = 0;
    const pushWhile = async (into: number[], isOver: () => boolean): Promise<void> => {
      while (!isOver()) into.push(await measurePush(world, healthy, commits));
    };
    // The first ones find nothing compiled and nothing cached.
    await pushWhile([], () => commits.length >= 10);
    for (let round = 1; round <= rounds; round++) {
      for (const name of hostile.names) {
        const [alone, beside]: readonly [number[], number[]] = [[], []];
        const aloneUntil = performance.now() + ALONE_MS;
        await pushWhile(alone, () => performance.now() > aloneUntil);
        let isDone = false;
        const pushing = pushWhile(beside, () => isDone);
        // Met below; where the run is interrupted before, it must not end the process.
        pushing.catch(() => undefined);
        const began = performance.now();
        const outcome = await hostile.sync(name, round);
        const took = `${((performance.now() - began) / 1_000).toFixed(1)} s`;
        isDone = true;
        await pushing;
        seconds.alone.push(...alone);
        seconds.beside.push(...beside);
        synced += 1;
        const medians = `p50 ${percentile(alone, 0.5)} s alone, ${percentile(beside, 0.5)} s beside it`;
        say(`round ${round}: ${name} ended as ${outcome} after ${took}; ${medians}`);
      }
    }
    const ratio = percentile(seconds.beside, 0.95) / percentile(seconds.alone, 0.95);
    const problems = [
      ...(ratio <= MOST_RATIO
        ? []
        : [`p95 beside hostile repositories is ${ratio.toFixed(2)} times that alone, at most ${MOST_RATIO} are wanted`]),
      // Waits for the final status of every commit, and finds one that is missing or double.
      ...(await checkSettled(world, [{ repository: healthy, commits }])),
    ];
    return {
      counts: {
        'hostile syncs': synced,
        ...describe('alone', seconds.alone),
        ...describe('beside', seconds.beside),
        'p95 ratio': Number(ratio.toFixed(2)),
      },
      problems,
    };
  },
};

/** Seconds from the push, which the forge takes and announces, to the status that says how its import ended. */
async function measurePush({ forge, push, service }: World, repository: Registered, commits: string[]): Promise<number> {
  // Twenty pushes in a row are a storm, whose runs are kept a second apart (queue/calm.ts); that second would hide what is measured.
  await runSql(service.databaseUrl ?? '', `update repositories set calm_runs = 0 where id = '${repository.id}'`);
  const after = (await forge.effects()).at(-1)?.seq ?? 0;
  const began = performance.now();
  const commit = await push(repository, { 'config_contexts/a.json': context('Healthy', { push: commits.length }) });
  commits.push(commit);
  const isFinal = ({ method, path, status, body }: Awaited<ReturnType<typeof forge.effects>>[number]): boolean =>
    method === 'POST' && status === 201 && path.endsWith(`/statuses/${commit}`) && (body as { readonly state: string }).state !== 'pending';
  await forge.waitForEffect(isFinal, { after, timeoutMs: 120_000 });
  return (performance.now() - began) / 1_000;
}

interface Hostile {
  readonly names: readonly string[];
  /** Registers it under a new name, so that nothing of it is here, and waits for the end of its first sync: the code of its failure, or `read`. */
  readonly sync: (name: string, round: number) => Promise<string>;
}

/** Made before anything is measured: that takes longer than to serve them. */
async function openHostile(scope: Scope, { api, service }: World, only: string | undefined): Promise<Hostile> {
  const server = await startScriptedServer(scope, NEVER_BEFORE);
  const place = { outside: '/dev/null', markers: scope.folder('markers'), canary: NEVER_BEFORE };
  const chosen = COSTLY.filter(({ name }) => only === undefined || name.includes(only));
  const served = new Map<string, Served>(chosen.map(({ name, make }) => [name, make(place)]));
  return {
    names: [...served.keys()],
    sync: async (name, round) => {
      const what = served.get(name);
      if (what === undefined) throw new Error(`there is no ${name}`);
      const slug = `hostile-${round}-${[...served.keys()].indexOf(name)}`;
      // What was read once would not be read again.
      await runSql(service.databaseUrl ?? '', 'delete from parsed_files');
      const body = { name: slug, remote_url: server.serve(slug, what), branch: 'main' };
      const { id } = await api.post<RepositoryAnswer>('/api/extras/git-repositories/', body);
      const outcome = await firstOutcome(api, id);
      await api.call('DELETE', `/api/extras/git-repositories/${id}/`);
      return outcome;
    },
  };
}

async function firstOutcome(api: World['api'], id: string): Promise<string> {
  for (;;) {
    const run = (await api.runs(id)).at(-1);
    if (run !== undefined && run.status.value !== 'PENDING' && run.status.value !== 'STARTED') return run.error?.code ?? 'read';
    await sleep(250);
  }
}

function describe(name: string, seconds: readonly number[]): Readonly<Record<string, number>> {
  return { [`${name} pushes`]: seconds.length, [`${name} p50 s`]: percentile(seconds, 0.5), [`${name} p95 s`]: percentile(seconds, 0.95) };
}

function percentile(seconds: readonly number[], share: number): number {
  const sorted = seconds.toSorted((one, other) => one - other);
  return Number((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(3));
}
