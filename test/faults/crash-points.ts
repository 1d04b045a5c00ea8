import type { Step } from '#steps/reached.ts';
import { STEPS } from '#steps/reached.ts';
import { context } from '#test/support/content-files.ts';
import type { ServiceProcess } from '#test/support/service-process.ts';
import { until } from '#test/support/until.ts';
import type { Registered, World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';
import type { Fault } from './fault.ts';
import { inLanes } from './lanes.ts';
import { checkSettled } from './settled.ts';
import { atStep } from './step-faults.ts';
import { TRIGGERS, good } from './triggers.ts';

/** A repository that was cut off is locked for 9 s; by the time its turn comes again that is over. */
const POOL = 8;
const CRASHES_WITHIN_MS = 45_000;

/** Most of a round is a process that starts, or a lease that runs out: installations of their own side by side use the time. */
const LANES = 3;

export const crashPoints: Fault = {
  title: 'kill -9 at every step of the work, each as often as there are rounds',
  rounds: 1,
  roundWithinMs: 1_800_000,
  run: async ({ scope, postgres, rounds, only, say }) => {
    const chosen = STEPS.filter((step) => only === undefined || step.includes(only));
    const problems: string[] = [];
    let crashes = 0;
    await inLanes(LANES, chosen, async () => {
      const bench = await openCrashBench(await startWorld(scope, { serverUrl: postgres.url, env: { LOG_LEVEL: 'info' } }));
      return async (step) => {
        const broken = await crashAt(bench, step, rounds);
        crashes += rounds - broken.missed;
        say(`${step}: ${rounds} times, ${broken.problems.length === 0 ? 'settled' : broken.problems.join('; ')}`);
        problems.push(...broken.problems.map((problem) => `${step}: ${problem}`));
      };
    });
    return { counts: { steps: chosen.length, crashes }, problems };
  },
};

async function crashAt(
  bench: CrashBench,
  step: Step,
  rounds: number,
): Promise<{ readonly missed: number; readonly problems: readonly string[] }> {
  await bench.prepare(step, rounds);
  const missed: string[] = [];
  for (let round = 1; round <= rounds; round++) missed.push(...(await bench.crash(step, round)));
  return { missed: missed.length, problems: [...missed, ...(await bench.settle())] };
}

export interface CrashBench {
  /** Whatever the step's rounds need while a worker still runs; ends that worker. */
  readonly prepare: (step: Step, rounds: number) => Promise<void>;
  /** Brings a process to the step, where it dies; what kept it from that, if anything did. */
  readonly crash: (step: Step, round: number) => Promise<readonly string[]>;
  /** Starts a worker that is not to crash, and names every promise that does not hold once it has done its work. */
  readonly settle: () => Promise<readonly string[]>;
}

/** One web process that lives, one worker and one further web process that die and come back as themselves. */
export async function openCrashBench(world: World, repositories = POOL): Promise<CrashBench> {
  const names = Array.from({ length: repositories }, (_, number) => `pooled-${number}`);
  const pool: readonly Registered[] = await Promise.all(
    names.map((name) => world.register(name, { 'config_contexts/a.json': context(name) })),
  );
  const touched = new Map<Registered, string[]>();
  const deleted: Registered[] = [];
  let doomed: Registered[] = [];
  let [worker] = world.service.workers;
  let web = await world.service.startWeb();
  let turn = 0;
  let made = 0;
  const newName = (kind: string): string => `${kind}-${++made}`;

  async function choose(kind: 'pooled' | 'doomed' | 'fresh'): Promise<Registered> {
    if (kind === 'doomed') {
      const repository = required(doomed.pop());
      deleted.push(repository);
      return repository;
    }
    const name = newName('fresh');
    const repository =
      kind === 'pooled'
        ? required(pool[turn++ % repositories])
        : await world.registerOnly(name, { 'config_contexts/a.json': context(name) });
    touched.set(repository, touched.get(repository) ?? []);
    return repository;
  }

  return {
    prepare: async (step, rounds) => {
      const wanted = TRIGGERS[step].repository === 'doomed' ? Array.from({ length: rounds }, () => newName('doomed')) : [];
      doomed = await Promise.all(wanted.map((name) => world.register(name, { 'config_contexts/a.json': context(name) })));
      await worker?.kill();
    },
    crash: async (step, round) => {
      const trigger = TRIGGERS[step];
      const repository = await choose(trigger.repository);
      const old = required(trigger.process === 'web' ? web : worker);
      if (trigger.process === 'web') await old.kill();
      const launched = trigger.process === 'web' ? await world.service.startAgain(old, atStep(step)) : undefined;
      const commit = await trigger.act({ world, repository, round, target: old });
      if (commit !== undefined) touched.get(repository)?.push(commit);
      const target = launched ?? world.service.launchAgain(old, atStep(step));
      if (trigger.process === 'web') web = target;
      else worker = target;
      return untilDead(target, step);
    },
    settle: async () => {
      worker = await world.service.startAgain(required(worker));
      for (const [repository, commits] of touched) {
        // Over whatever is left half-way, as the next push comes.
        if (pool.includes(repository)) commits.push(await world.push(repository, good(repository, 0)));
      }
      const settled = [...touched].map(([repository, commits]) => ({ repository, commits }));
      const problems = [...(await checkSettled(world, settled)), ...(await checkForgotten(world, deleted))];
      touched.clear();
      deleted.length = 0;
      return problems;
    },
  };
}

interface HookThere {
  readonly repositoryId: number;
}

async function untilDead(target: ServiceProcess, step: Step): Promise<readonly string[]> {
  try {
    await until(`${target.command} to die`, () => (target.isRunning() ? undefined : true), { withinMs: CRASHES_WITHIN_MS });
    return [];
  } catch {
    await target.kill();
    return [`a ${target.command} never came to ${step}`];
  }
}

/** A deleted repository leaves neither a hook at the provider nor anything to ask for. */
async function checkForgotten(world: World, deleted: readonly Registered[]): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const repository of deleted) {
    const { status } = await world.api.call('GET', `/api/extras/git-repositories/${repository.id}/`);
    if (status !== 404) problems.push(`${repository.name} was deleted and is still there`);
    try {
      await until('its hook to be gone', async () => {
        const { id } = await world.forge.readRepository(repository.fullName);
        const hooks = (await fetch(`${world.forge.url}/_forge/hooks`).then((answer) => answer.json())) as readonly HookThere[];
        return hooks.some(({ repositoryId }) => repositoryId === id) ? undefined : true;
      });
    } catch {
      problems.push(`${repository.name} was deleted and its hook is still at the provider`);
    }
  }
  return problems;
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the crash bench has nothing left');
  return value;
}
