import { setTimeout as sleep } from 'node:timers/promises';
import { context } from '#test/support/content-files.ts';
import { startWorld } from '#test/support/world.ts';
import { countAnswers, findLost, findWrongAnswers, startSenders } from './acknowledged.ts';
import type { Fault } from './fault.ts';
import { checkSettled } from './settled.ts';

const LONGEST_LIFE_MS = 2_000;

export const killWeb: Fault = {
  title: 'kill -9 of the web process, again and again, under a stream of deliveries',
  rounds: 10,
  run: async ({ scope, postgres, rounds, random, say }) => {
    const world = await startWorld(scope, { serverUrl: postgres.url, env: { LOG_LEVEL: 'info' } });
    const repository = await world.register('faulty', { 'config_contexts/a.json': context('Faulty') });
    const senders = await startSenders(world, repository);
    for (let round = 1; round <= rounds; round++) {
      await sleep(random() * LONGEST_LIFE_MS);
      const [web] = world.service.webs;
      if (web === undefined) throw new Error('there is no web process');
      await web.kill();
      await world.service.startAgain(web);
      say(`round ${round}: web ${web.pid} killed and started again, ${senders.acknowledged.length} deliveries acknowledged`);
    }
    await senders.stop();
    const lost = await findLost(world, repository, senders);
    const problems = [...lost, ...findWrongAnswers(senders), ...(await checkSettled(world, [{ repository, commits: [] }]))];
    return { counts: { kills: rounds, ...countAnswers(senders), lost: lost.length }, problems };
  },
};
