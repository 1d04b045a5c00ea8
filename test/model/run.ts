/** `node test/model/run.ts [--sequences N] [--seed N] [--lanes N] [--commands N] [--minutes N]`: random histories of repositories against a plain model of them. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startPrivatePostgres } from '#test/faults/private-postgres.ts';
import { openScope, type Scope } from '#test/support/scope.ts';
import { openArena, type Arena } from './arena.ts';
import { runSequence } from './sequence.ts';

const { values } = parseArgs({
  options: {
    sequences: { type: 'string', default: '500' },
    seed: { type: 'string' },
    lanes: { type: 'string', default: '6' },
    commands: { type: 'string', default: '20' },
    minutes: { type: 'string', default: '60' },
    /** How long a sequence that fails may be made smaller. */
    'shrink-s': { type: 'string', default: '300' },
    /** Where everything that the service said is written at the end. */
    log: { type: 'string' },
    /** Runs the one sequence of this seed, without making it smaller. */
    replay: { type: 'string' },
  },
});
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort(new Error(signal)));
process.exitCode = await main();

async function main(): Promise<number> {
  const seed = Number(values.replay ?? values.seed ?? Math.floor(Math.random() * 2 ** 31));
  const sequences = values.replay === undefined ? Number(values.sequences) : 1;
  const [lanes, maxCommands, minutes] = [Number(values.lanes), Number(values.commands), Number(values.minutes)];
  if (![seed, sequences, lanes, maxCommands, minutes].every((number) => Number.isSafeInteger(number) && number >= 0)) return 2;
  console.log(`seed ${seed}, ${sequences} sequences of up to ${maxCommands} commands, ${Math.min(lanes, sequences)} at a time`);
  const scope = openScope();
  try {
    return await explore(scope, { seed, sequences, lanes, maxCommands, untilMs: performance.now() + minutes * 60_000 });
  } finally {
    await scope.close();
  }
}

interface Exploration {
  readonly seed: number;
  readonly sequences: number;
  readonly lanes: number;
  readonly maxCommands: number;
  readonly untilMs: number;
}

async function explore(scope: Scope, { seed, sequences, lanes, maxCommands, untilMs }: Exploration): Promise<number> {
  const started = performance.now();
  const postgres = await startPrivatePostgres(scope);
  const arena = await openArena(scope, postgres.url);
  const problems: string[] = [];
  let [next, done] = [0, 0];
  const lane = async (): Promise<void> => {
    while (next < sequences && performance.now() < untilMs && !interrupted.signal.aborted) {
      const shrinkMs = values.replay === undefined ? Number(values['shrink-s']) * 1_000 : 0;
      const problem = await runSequence(arena, { seed: seed + next++, maxCommands, shrinkMs }).catch(String);
      // What was started for the run goes with it.
      if (interrupted.signal.aborted) return;
      if (problem !== undefined) {
        problems.push(problem);
        console.log(`  BROKEN ${problem}`);
      }
      if (++done % 25 === 0) console.log(`  ${done} sequences after ${seconds(started)} s, ${problems.length} broken`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, sequences) }, lane));
  if (!interrupted.signal.aborted) {
    await arena.operator.calm();
    problems.push(...(await arena.leftovers()));
  }
  if (values.log !== undefined) writeFileSync(values.log, arena.world.service.output());
  report(arena, { done, sequences, problems, tookS: seconds(started) });
  return problems.length === 0 && done === sequences ? 0 : 1;
}

interface Findings {
  readonly done: number;
  readonly sequences: number;
  readonly problems: readonly string[];
  readonly tookS: number;
}

function report({ counts }: Arena, { done, sequences, problems, tookS }: Findings): void {
  for (const [name, count] of [...counts].toSorted(([one], [other]) => (one < other ? -1 : 1)))
    console.log(`  ${name.padEnd(18)} ${count}`);
  const commands = [...counts.values()].reduce((sum, count) => sum + count, 0);
  console.log(`  ${'commands'.padEnd(18)} ${commands}`);
  console.log(`  ${'sequences'.padEnd(18)} ${done} of ${sequences} in ${tookS} s`);
  for (const problem of problems) console.log(`  BROKEN ${problem}`);
  console.log(`  ${'verdict'.padEnd(18)} ${problems.length === 0 ? 'the model held' : `${problems.length} broken`}`);
}

function seconds(since: number): number {
  return Math.round((performance.now() - since) / 1_000);
}
