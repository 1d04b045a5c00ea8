import { context } from '#test/support/content-files.ts';
import { runSql } from '#test/support/fresh-database.ts';
import { holdTable } from '#test/support/hold-table.ts';
import type { ServiceProcess } from '#test/support/service-process.ts';
import { until, untilTrue } from '#test/support/until.ts';
import type { Registered, World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';
import type { Fault } from './fault.ts';
import { checkSettled } from './settled.ts';

export const zombieWorker: Fault = {
  title: 'a worker frozen in a sync until another has taken over, then let go on',
  rounds: 4,
  run: async ({ scope, postgres, rounds, say }) => {
    const world = await startWorld(scope, { serverUrl: postgres.url, workers: 2, env: { LOG_LEVEL: 'info' } });
    const repository = await world.register('frozen', { 'config_contexts/a.json': context('Frozen') });
    const commits: string[] = [];
    for (let round = 1; round <= rounds; round++) {
      const { commit, zombie } = await freezeInRun(world, repository, round);
      commits.push(commit);
      await world.api.untilServes(repository.id, commit);
      const before = countCutOff(zombie);
      zombie.signal('SIGCONT');
      await untilTrue('the zombie to notice', () => countCutOff(zombie) > before);
      say(`round ${round}: worker ${zombie.pid} was frozen, another imported ${commit.slice(0, 8)}, then it went on`);
    }
    const problems = await checkSettled(world, [{ repository, commits }]);
    const [row] = await runSql(world.service.databaseUrl ?? '', 'select count(*)::int as imports from imports');
    return { counts: { freezes: rounds, pushes: commits.length, imports: Number(row?.['imports']) }, problems };
  },
};

/** Pushes, and stops the worker that took it right before it reads its parse cache: between its last look at the lease and its writes. */
async function freezeInRun(
  world: World,
  repository: Registered,
  round: number,
): Promise<{ readonly commit: string; readonly zombie: ServiceProcess }> {
  const { api, service } = world;
  return holdTable(service.databaseUrl ?? '', 'parsed_files', async () => {
    const commit = await world.push(repository, { 'config_contexts/a.json': context('Frozen', { round }) });
    const zombie = await until('a worker to take it', async () => {
      const run = (await api.runs(repository.id)).find((candidate) => candidate.commit === commit && candidate.status.value === 'STARTED');
      return service.workers.find(({ pid }) => run?.worker?.endsWith(`:${pid}`));
    });
    zombie.signal('SIGSTOP');
    return { commit, zombie };
  });
}

/** Runs that a worker gave up, since their turn was another's. */
function countCutOff(worker: ServiceProcess): number {
  return worker.output().split(/a run was cut off|SUPERSEDED/).length - 1;
}
