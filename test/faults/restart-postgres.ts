import { setTimeout as sleep } from 'node:timers/promises';
import { context } from '#test/support/content-files.ts';
import type { World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';
import { countAnswers, findLost, findWrongAnswers, startSenders } from './acknowledged.ts';
import type { Fault } from './fault.ts';
import { checkSettled } from './settled.ts';

const LONGEST_LIFE_MS = 2_500;
const LAST_WORDS = 1_500;

export const restartPostgres: Fault = {
  title: 'PostgreSQL stopped at once and started again, under deliveries and pushes',
  rounds: 6,
  run: async ({ scope, postgres, rounds, random, say }) => {
    const world = await startWorld(scope, { serverUrl: postgres.url, workers: 2, env: { LOG_LEVEL: 'info' } });
    const repository = await world.register('faulty', { 'config_contexts/a.json': context('Faulty') });
    const pushed = await world.register('pushed', { 'config_contexts/a.json': context('Pushed') });
    const pids = world.service.processes.map(({ pid }) => pid);
    const commits: string[] = [];
    const senders = await startSenders(world, repository);
    for (let round = 1; round <= rounds; round++) {
      commits.push(await world.push(pushed, { 'config_contexts/a.json': context('Pushed', { round }) }));
      await sleep(random() * LONGEST_LIFE_MS);
      await postgres.restartImmediate();
      say(`round ${round}: PostgreSQL is back, ${senders.acknowledged.length} deliveries acknowledged`);
    }
    await senders.stop();
    const died = findDead(world);
    if (died.length > 0) return { counts: { restarts: rounds, ...countAnswers(senders) }, problems: died };
    const lost = await findLost(world, repository, senders);
    const problems = [
      ...lost,
      ...findWrongAnswers(senders),
      ...(await checkSettled(world, [
        { repository, commits: [] },
        { repository: pushed, commits },
      ])),
    ];
    return { counts: { restarts: rounds, processes: pids.length, ...countAnswers(senders), lost: lost.length }, problems };
  },
};

/** Those that an outage of the database has ended, with the last that they said. */
function findDead({ service }: World): readonly string[] {
  return service.processes
    .filter((process) => !process.isRunning() && process.command !== 'migrate')
    .map(({ command, pid, output }) => `${command} ${pid} did not survive: ${output().slice(-LAST_WORDS)}`);
}
