import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import type { DatabaseState } from '#app/upkeep.ts';
import { inspectDatabase } from '#app/upkeep.ts';
import type { Config } from '#config.ts';
import { OLDEST_MAJOR } from '#db/server.ts';
import { explain } from '#cli/start.ts';
import type { FoundService } from '#cli/client/discover.ts';
import { askReadiness } from '#cli/client/readiness.ts';
import type { Check } from './check.ts';
import { fail, pass, warn } from './check.ts';

/**
 * Database, schema and queue. An embedded database that a service has open is the service's alone, so the service is asked;
 * everything else is opened and looked at.
 */
export async function checkDatabase(config: Config, running: FoundService | undefined): Promise<readonly Check[]> {
  const embedded = config.databaseUrl === undefined;
  if (running !== undefined && embedded) return [await checkThroughService(running)];
  if (embedded && !existsSync(join(config.dataDir, 'database'))) {
    return [
      pass('database', 'The embedded database is made at the first start. It is for one process, and a power failure can damage it.'),
    ];
  }
  try {
    const state = await inspectDatabase(config, pino({ level: 'silent' }));
    return [server(state, embedded), schema(state), queue(state)];
  } catch (error) {
    const { message, help } = explain(error);
    return [fail('database', message, help ?? 'Check DATABASE_URL and that the server runs.')];
  }
}

async function checkThroughService({ url }: FoundService): Promise<Check> {
  const { ready, detail } = await askReadiness(url);
  if (ready) return pass('database', `The service at ${url} reaches its embedded database and its queue.`);
  return fail('database', `The service at ${url} is not ready: ${detail}.`, 'Look at its log, and restart it.');
}

function server({ major }: DatabaseState, embedded: boolean): Check {
  if (embedded) return pass('database', 'The embedded database opens. It is for one process, and a power failure can damage it.');
  if (major < OLDEST_MAJOR) return fail('database', `PostgreSQL ${major} is too old.`, `Use PostgreSQL ${OLDEST_MAJOR} or later.`);
  return pass('database', `PostgreSQL ${major} answers.`);
}

function schema({ pending }: DatabaseState): Check {
  if (pending.length === 0) return pass('schema', 'The schema is up to date.');
  return fail('schema', `Not applied: ${pending.join(', ')}.`, 'Run: npx tributary migrate (serve does it by itself).');
}

function queue({ jobs, queueProblem }: DatabaseState): Check {
  if (jobs === undefined) return fail('queue', `The queue cannot be used: ${queueProblem}.`, 'Run: npx tributary migrate');
  if (jobs > 1_000) return warn('queue', `${jobs} jobs wait or run.`, 'Start more workers: npx tributary worker');
  return pass('queue', `The queue answers; ${jobs} ${jobs === 1 ? 'job waits or runs' : 'jobs wait or run'}.`);
}
