import { randomUUID } from 'node:crypto';
import { context } from '#test/support/content-files.ts';
import { runSql } from '#test/support/fresh-database.ts';
import { startWorld } from '#test/support/world.ts';
import type { Fault } from './fault.ts';
import { describeTimes } from './lanes.ts';
import { checkSettled } from './settled.ts';

const JOBS_A_ROUND = 10_000;
const PUSHES = 5;
const SERVED_WITHIN_S = 30;

export const backlog: Fault = {
  title: 'ten thousand repositories of another organization a round, all waiting to be synced: a push is served in time',
  rounds: 1,
  roundWithinMs: 300_000,
  run: async ({ scope, postgres, rounds, say }) => {
    const world = await startWorld(scope, { serverUrl: postgres.url, workers: 2, env: { LOG_LEVEL: 'warn' } });
    const repository = await world.register('of-few', { 'config_contexts/a.json': context('Of few') });
    const jobs = JOBS_A_ROUND * rounds;
    await queueMany(world.service.databaseUrl ?? '', new URL(world.forge.url).host, jobs);
    say(`${jobs} jobs of another organization are queued`);
    const commits: string[] = [];
    const seconds: number[] = [];
    for (let push = 1; push <= PUSHES; push++) {
      const began = performance.now();
      commits.push(await world.push(repository, { 'config_contexts/a.json': context('Of few', { push }) }));
      await world.api.untilServes(repository.id, commits.at(-1) ?? '', { withinMs: 300_000 });
      seconds.push((performance.now() - began) / 1_000);
      say(`push ${push}: served after ${seconds.at(-1)?.toFixed(2)} s`);
    }
    const [left] = await runSql(
      world.service.databaseUrl ?? '',
      "select count(*)::int as waiting from pgboss.job where name = 'sync-repository' and state < 'active'",
    );
    const waiting = Number(left?.['waiting']);
    const problems = [
      ...(Math.max(...seconds) <= SERVED_WITHIN_S ? [] : [`a push was served after ${Math.max(...seconds).toFixed(1)} s`]),
      ...(waiting > 0 ? [] : ['nothing was waiting any more: the backlog was too small to say anything']),
      ...(await checkSettled(world, [{ repository, commits }])),
    ];
    return { counts: { jobs, 'still waiting': waiting, ...describeTimes('served', seconds) }, problems };
  },
};

/** Repositories that nobody can fetch, each asked for once, as `askForSync` leaves them. */
async function queueMany(databaseUrl: string, host: string, jobs: number): Promise<void> {
  const organization = randomUUID();
  await runSql(databaseUrl, "insert into organizations (id, slug, name) values ($1, 'of-many', 'Of many')", [organization]);
  await runSql(
    databaseUrl,
    `insert into repositories (id, organization_id, name, slug, provider, remote_url, remote_key, ref, wanted, wanted_since, job_sent_at)
     select gen_random_uuid(), $1, 'many-' || n, 'many_' || n, 'plain', 'http://${host}/many/' || n || '.git', 'http://${host}/many/' || n, 'main',
       1, clock_timestamp(), clock_timestamp()
     from generate_series(1, $2::int) n`,
    [organization, jobs],
  );
  await runSql(
    databaseUrl,
    `insert into pgboss.job (name, data, priority)
     select 'sync-repository', jsonb_build_object('v', 1, 'repositoryId', id), -10 from repositories where organization_id = $1`,
    [organization],
  );
}
