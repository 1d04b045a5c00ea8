import { context } from '#test/support/content-files.ts';
import { runSql } from '#test/support/fresh-database.ts';
import { startHangingHost } from '#test/support/hanging-host.ts';
import { until } from '#test/support/until.ts';
import { startWorld } from '#test/support/world.ts';
import type { Fault } from './fault.ts';
import { checkSettled } from './settled.ts';

const OTHERS = 100;
/** Of one host that never answers; twelve times as many as take jobs. */
const DEAD = 100;
const FIRST_WITHIN_S = 1;

export const headOfLine: Fault = {
  title:
    'one repository whose fetch never answers, with another run of it queued, and a hundred of a host that is dead: a hundred others are not kept waiting',
  rounds: 1,
  roundWithinMs: 900_000,
  run: async ({ scope, postgres, say }) => {
    const world = await startWorld(scope, { serverUrl: postgres.url, env: { LOG_LEVEL: 'info' } });
    const stuck = await world.register('stuck', { 'config_contexts/a.json': context('Stuck') });
    await world.forge.addFault({
      target: 'git',
      match: { repository: stuck.fullName, path: 'git-upload-pack$' },
      action: { kind: 'hang' },
    });
    const commits = [await world.push(stuck, { 'config_contexts/a.json': context('Stuck', { push: 1 }) })];
    await until('it to hang', async () => ((await world.api.runs(stuck.id))[0]?.status.value === 'STARTED' ? true : undefined));
    commits.push(await world.push(stuck, { 'config_contexts/a.json': context('Stuck', { push: 2 }) }));
    const dead = await startHangingHost(scope);
    for (let number = 0; number < DEAD; number++) {
      const name = `dead-${number}`;
      await world.api.post('/api/extras/git-repositories/', { name, remote_url: dead.serve(name), branch: 'main' });
    }
    const names = Array.from({ length: OTHERS }, (_, number) => `other-${number}`);
    const others = [];
    for (const name of names) others.push(await world.registerOnly(name, { 'config_contexts/a.json': context(name) }));
    for (const { id, head } of others) await world.api.untilServes(id, head);
    const [row] = await runSql(
      world.service.databaseUrl ?? '',
      `select extract(epoch from min(date_started - date_created))::float8 as first, extract(epoch from max(date_started - date_created))::float8 as last
       from job_results where repository_id = any($1) and reason = 'registered'`,
      [others.map(({ id }) => id)],
    );
    const [first, last] = [Number(row?.['first']), Number(row?.['last'])];
    say(`the first of them started after ${first.toFixed(3)} s, the last after ${last.toFixed(3)} s`);
    await world.forge.clearFaults();
    dead.answer();
    const problems = [
      ...(first <= FIRST_WITHIN_S ? [] : [`the first of the others waited ${first.toFixed(1)} s`]),
      ...(await checkSettled(world, [{ repository: stuck, commits }])),
    ];
    return {
      counts: { dead: DEAD, others: OTHERS, 'first started s': Number(first.toFixed(3)), 'last started s': Number(last.toFixed(3)) },
      problems,
    };
  },
};
