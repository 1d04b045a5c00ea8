import fc from 'fast-check';
import type { Arena, Provider, Real } from './arena.ts';
import { commandArbitraries } from './commands.ts';
import type { Model } from './model.ts';
import { settle } from './settle.ts';

export interface SequenceOptions {
  readonly seed: number;
  readonly maxCommands: number;
  /** How long a failing sequence may be made smaller. */
  readonly shrinkMs: number;
}

/** Runs the sequence of a seed (an even one at GitHub, an odd one at GitLab) against a repository of its own. What is wrong, with the smallest sequence that shows it; undefined when nothing is. */
export async function runSequence(arena: Arena, { seed, maxCommands, shrinkMs }: SequenceOptions): Promise<string | undefined> {
  const provider = seed % 2 === 0 ? 'github' : 'gitlab';
  const sequences = fc.commands([...commandArbitraries], { maxCommands, size: 'max' });
  const property = fc.asyncProperty(sequences, (commands) => attempt(arena, provider, commands));
  const once = { seed, numRuns: 1, unbiased: true };
  const outcome = await fc.check(
    property,
    shrinkMs === 0 ? { ...once, endOnFailure: true } : { ...once, interruptAfterTimeLimit: shrinkMs },
  );
  if (!outcome.failed) return undefined;
  const reason = outcome.errorInstance instanceof Error ? outcome.errorInstance.message : String(outcome.errorInstance);
  const commands = outcome.counterexample?.map(fc.stringify).join() ?? 'nothing';
  return `seed ${seed} at ${provider}: ${reason}\n    after ${commands}`;
}

async function attempt(arena: Arena, provider: Provider, commands: Iterable<fc.AsyncCommand<Model, Real>>): Promise<void> {
  const { model, real, end } = await arena.begin(provider);
  try {
    await fc.asyncModelRun(() => ({ model, real }), commands);
    await settle(model, real);
  } finally {
    await end();
  }
}
