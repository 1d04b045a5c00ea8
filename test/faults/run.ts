/** `node test/faults/run.ts [name …] [--rounds N] [--seed N] [--deliveries N] [--only TEXT] [--list]`: breaks the service and says whether its promises held. */
import { parseArgs } from 'node:util';
import { openScope } from '#test/support/scope.ts';
import { atomicReads } from './atomic-reads.ts';
import { backlog } from './backlog.ts';
import { crashPoints } from './crash-points.ts';
import { databaseNetwork } from './database-network.ts';
import { deliveries } from './deliveries.ts';
import { drain } from './drain.ts';
import type { Fault, Finding } from './fault.ts';
import { forgeNetwork } from './forge-network.ts';
import { growth } from './growth.ts';
import { headOfLine } from './head-of-line.ts';
import { hostileNeighbours } from './hostile-neighbours.ts';
import { killEverything } from './kill-everything.ts';
import { killWeb } from './kill-web.ts';
import { killWorker } from './kill-worker.ts';
import { lostWebhooks } from './lost-webhooks.ts';
import { nonces } from './nonces.ts';
import { startPrivatePostgres } from './private-postgres.ts';
import { providerOutage } from './provider-outage.ts';
import { createRandom } from './random.ts';
import { restartPostgres } from './restart-postgres.ts';
import { resume } from './resume.ts';
import { secrets } from './secrets.ts';
import { serial } from './serial.ts';
import { slowDatabase } from './slow-database.ts';
import { slowSenders } from './slow-senders.ts';
import { stuckWorker } from './stuck-worker.ts';
import { timing } from './timing.ts';
import { zombieSteps } from './zombie-steps.ts';
import { zombieWorker } from './zombie-worker.ts';

const FAULTS: Readonly<Record<string, Fault>> = {
  'crash-points': crashPoints,
  deliveries,
  'kill-everything': killEverything,
  resume,
  'atomic-reads': atomicReads,
  'zombie-steps': zombieSteps,
  'database-network': databaseNetwork,
  'forge-network': forgeNetwork,
  'slow-database': slowDatabase,
  drain,
  serial,
  'head-of-line': headOfLine,
  'hostile-neighbours': hostileNeighbours,
  'stuck-worker': stuckWorker,
  backlog,
  growth,
  secrets,
  nonces,
  timing,
  'slow-senders': slowSenders,
  'kill-worker': killWorker,
  'kill-web': killWeb,
  'restart-postgres': restartPostgres,
  'zombie-worker': zombieWorker,
  'lost-webhooks': lostWebhooks,
  'provider-outage': providerOutage,
};
const ROUND_WITHIN_MS = 60_000;
const START_AND_CHECK_WITHIN_MS = 300_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    seed: { type: 'string' },
    deliveries: { type: 'string' },
    only: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort(new Error(signal)));
// A run that failed may have left senders and samplers that would go on for ever.
process.exit(await main());

async function main(): Promise<number> {
  const unknown = positionals.filter((name) => !Object.hasOwn(FAULTS, name));
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed);
  if (values.list || unknown.length > 0 || (rounds !== undefined && !(rounds >= 1)) || Number.isNaN(seed)) {
    for (const [name, { title }] of Object.entries(FAULTS)) console.log(`${name.padEnd(18)} ${title}`);
    return values.list ? 0 : 2;
  }
  const chosen = Object.entries(FAULTS).filter(([name]) => positionals.length === 0 || positionals.includes(name));
  let isGood = true;
  for (const [name, fault] of chosen) {
    console.log(`${name}: ${fault.title} (seed ${seed})`);
    const finding = await attempt(fault, rounds ?? fault.rounds, seed);
    for (const [what, count] of Object.entries(finding.counts)) console.log(`  ${what.padEnd(16)} ${count}`);
    for (const problem of finding.problems) console.log(`  BROKEN ${problem}`);
    console.log(`  verdict          ${finding.problems.length === 0 ? 'every promise held' : `${finding.problems.length} broken`}`);
    isGood &&= finding.problems.length === 0;
    if (interrupted.signal.aborted) return 1;
  }
  return isGood ? 0 : 1;
}

/** Bounded in time and cleaned up in every case; what keeps it from ending is a broken promise too. */
async function attempt(fault: Fault, rounds: number, seed: number): Promise<Finding> {
  const scope = openScope();
  const limit = AbortSignal.any([
    interrupted.signal,
    AbortSignal.timeout(START_AND_CHECK_WITHIN_MS + rounds * (fault.roundWithinMs ?? ROUND_WITHIN_MS)),
  ]);
  const ended = new Promise<never>((_resolve, reject) => {
    limit.addEventListener('abort', () => reject(new Error('did not end in time, or was interrupted')));
  });
  try {
    const postgres = await startPrivatePostgres(scope);
    const running = fault.run({
      scope,
      postgres,
      rounds,
      only: values.only,
      deliveries: values.deliveries === undefined ? undefined : Number(values.deliveries),
      random: createRandom(seed),
      say: (line) => console.log(`  ${line}`),
    });
    return await Promise.race([running, ended]);
  } catch (error) {
    return { counts: {}, problems: [error instanceof Error ? error.message : String(error)] };
  } finally {
    await scope.close();
  }
}
