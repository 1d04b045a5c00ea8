import { setTimeout as sleep } from 'node:timers/promises';
import { context } from '#test/support/content-files.ts';
import { startWorld } from '#test/support/world.ts';
import { countAnswers, findLost, findWrongAnswers, startSenders } from './acknowledged.ts';
import type { Fault } from './fault.ts';
import { checkSettled } from './settled.ts';

const ROUND_MS = 10_000;
const SHORTEST_LIFE_MS = 200;
const LONGEST_LIFE_MS = 3_000;
const PUSH_EVERY_MS = 1_000;

export const killEverything: Fault = {
  title: 'kill -9 of random groups of processes every 0.2 to 3 s, ten seconds a round, under pushes and deliveries',
  rounds: 3,
  run: async ({ scope, postgres, rounds, random, say }) => {
    const world = await startWorld(scope, { serverUrl: postgres.url, webs: 2, workers: 3, env: { LOG_LEVEL: 'info' } });
    const repository = await world.register('faulty', { 'config_contexts/a.json': context('Faulty') });
    const pushed = await world.register('pushed', { 'config_contexts/a.json': context('Pushed') });
    const senders = await startSenders(world, repository);
    const commits: string[] = [];
    const end = performance.now() + rounds * ROUND_MS;
    let kills = 0;
    const killing = async (): Promise<void> => {
      while (performance.now() < end) {
        await sleep(SHORTEST_LIFE_MS + random() * (LONGEST_LIFE_MS - SHORTEST_LIFE_MS));
        const running = [...world.service.webs, ...world.service.workers];
        const group = running.filter(() => random() < 0.5);
        await Promise.all(group.map((process) => process.kill()));
        kills += group.length;
        await Promise.all(group.map((process) => world.service.startAgain(process)));
        say(`${kills} kills, ${senders.acknowledged.length} deliveries acknowledged, ${commits.length} pushes`);
      }
    };
    const pushing = async (): Promise<void> => {
      while (performance.now() < end) {
        commits.push(await world.push(pushed, { 'config_contexts/a.json': context('Pushed', { push: commits.length }) }));
        await sleep(PUSH_EVERY_MS);
      }
    };
    await Promise.all([killing(), pushing()]);
    await senders.stop();
    const lost = await findLost(world, repository, senders);
    const problems = [
      ...lost,
      ...findWrongAnswers(senders),
      ...(await checkSettled(world, [
        { repository, commits: [] },
        { repository: pushed, commits },
      ])),
    ];
    return { counts: { kills, pushes: commits.length, ...countAnswers(senders), lost: lost.length }, problems };
  },
};
