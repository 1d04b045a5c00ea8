/**
 * graphile-worker, idle, with as many runners as one of ours has takers: adds one job after the other and says how long each took
 * from its COMMIT to its handler. DATABASE_URL, JOBS, CONCURRENCY and PAUSE_MS from the environment. Prints the milliseconds as JSON.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, run } from 'graphile-worker';
import pg from 'pg';

const { DATABASE_URL, JOBS, CONCURRENCY, PAUSE_MS } = process.env;
const pgPool = new pg.Pool({ connectionString: DATABASE_URL, max: Number(CONCURRENCY) + 2 });
let started = Promise.withResolvers();
const taskList = { job: async () => started.resolve(performance.now()) };
const logger = new Logger(() => () => undefined);
const runner = await run({ pgPool, concurrency: Number(CONCURRENCY), taskList, logger, noHandleSignals: true });
const client = await pgPool.connect();
const times = [];
process.on('disconnect', () => process.exit(0));
for (let job = 0; job < Number(JOBS); job++) {
  started = Promise.withResolvers();
  await client.query('begin');
  await client.query("select graphile_worker.add_job('job', '{}')");
  const committingAt = performance.now();
  await client.query('commit');
  times.push((await started.promise) - committingAt);
  await sleep(Number(PAUSE_MS));
}
console.log(`times ${JSON.stringify(times)}`);
client.release();
await runner.stop();
process.exit(0);
