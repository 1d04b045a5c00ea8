/** `npm run bench [-- name …] [--json] [--files N,…] [--peers] [--embedded] [--list]`: every figure beside its reference, measured in the same run. */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { acceptance } from './acceptance.ts';
import { embeddedLoad } from './embedded-load.ts';
import { entities } from './entities.ts';
import { firstImport } from './first-import.ts';
import type { Bench, BenchContext } from './harness/finding.ts';
import { describeMachine, machineLine } from './harness/machine.ts';
import { openPeers } from './harness/peers.ts';
import { openServer } from './harness/postgres.ts';
import type { Outcome } from './harness/print.ts';
import { toGoals, toJson, toLines } from './harness/print.ts';
import type { Scope } from './harness/scope.ts';
import { openScope, removeLeftovers, withScope } from './harness/scope.ts';
import { idle } from './idle.ts';
import { incremental } from './incremental.ts';
import { pickUp } from './pick-up.ts';
import { pollRound } from './poll-round.ts';
import { pushToStatus } from './push-to-status.ts';
import { rekey } from './rekey.ts';
import { start } from './start.ts';

const BENCHES: Readonly<Record<string, Bench>> = {
  acceptance,
  'pick-up': pickUp,
  'push-to-status': pushToStatus,
  'first-import': firstImport,
  incremental,
  entities,
  start,
  rekey,
  'embedded-load': embeddedLoad,
  'poll-round': pollRound,
  idle,
};
const NO_SERVER = 'no PostgreSQL (found none or not asked for: install it, or set BENCH_DATABASE_URL), so on the embedded database';
const DEFAULT_FILES = 10_000;
/** A bench that hangs must not hang who waits for it; the first import of a million files is not measured here. */
const BENCH_WITHIN_MS = 15 * 60_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    files: { type: 'string', default: String(DEFAULT_FILES) },
    peers: { type: 'boolean', default: false },
    embedded: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});
process.exitCode = await main();

async function main(): Promise<number> {
  const [first = 0, ...others] = values.files
    .split(',')
    .map(Number)
    .toSorted((one, other) => one - other);
  const files = [first, ...others] as const;
  const unknown = positionals.filter((name) => !Object.hasOwn(BENCHES, name));
  if (values.list || unknown.length > 0 || files.some((count) => !Number.isInteger(count) || count < 1_000)) {
    if (unknown.length > 0) console.error(`There is no bench called ${unknown.join(', ')}.`);
    console.log(
      Object.entries(BENCHES)
        .map(([name, bench]) => `${name.padEnd(16)} ${bench.title}`)
        .join('\n'),
    );
    return values.list ? 0 : 2;
  }
  removeLeftovers();
  const scope = openScope();
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      interrupted.abort();
      void scope.close().finally(() => process.exit(1));
    });
  }
  try {
    return await runAll(scope, positionals.length > 0 ? positionals : Object.keys(BENCHES), files, interrupted.signal);
  } finally {
    await scope.close();
  }
}

async function runAll(scope: Scope, names: readonly string[], files: BenchContext['files'], interrupted: AbortSignal): Promise<number> {
  const server = values.embedded ? undefined : await openServer(scope, process.env['BENCH_DATABASE_URL']);
  const peers = values.peers ? await openPeers((line) => console.error(line)) : undefined;
  const machine = describeMachine(server?.version ?? NO_SERVER);
  if (!values.json) console.log(`${machineLine(machine)}\n`);
  const outcomes: Outcome[] = [];
  for (const name of names) {
    const bench = BENCHES[name];
    if (bench === undefined || interrupted.aborted) continue;
    const outcome = await runOne(scope, name, bench, { server, peers, files });
    if (interrupted.aborted) break;
    outcomes.push(outcome);
    if (!values.json) console.log(`${toLines(outcome).join('\n')}\n`);
  }
  console.log(values.json ? toJson(machine, outcomes) : toGoals(outcomes).join('\n'));
  return outcomes.some((outcome) => 'failed' in outcome) ? 1 : 0;
}

async function runOne(scope: Scope, name: string, bench: Bench, given: Pick<BenchContext, 'server' | 'peers' | 'files'>): Promise<Outcome> {
  const { title } = bench;
  if (bench.needsPostgres && given.server === undefined) return { bench: name, title, skipped: 'it needs PostgreSQL' };
  const startedAt = performance.now();
  const load = loadavg()[0] ?? 0;
  const say = (line: string): void => {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${name}: ${line}`);
  };
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`it took more than ${BENCH_WITHIN_MS / 60_000} minutes`)), BENCH_WITHIN_MS);
  try {
    const findings = await withScope(scope, (own) => Promise.race([bench.run({ ...given, scope: own, say }), late.promise]));
    return { bench: name, title, seconds: (performance.now() - startedAt) / 1_000, load, findings };
  } catch (error) {
    return { bench: name, title, failed: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  } finally {
    clearTimeout(timer);
    if (process.stderr.isTTY) process.stderr.write('\r\u001B[K');
  }
}
