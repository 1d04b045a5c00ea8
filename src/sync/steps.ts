import type { Meters, RunOutcome, RunStage } from '#domain/meters.ts';
import type { StepOptions, Tracing } from '#domain/trace.ts';
import { traced } from '#domain/trace.ts';

export interface StepDeps {
  readonly tracing: Tracing;
  readonly meters: Meters;
}

/** A run as operators see it: each stage timed, and a step of the run's trace. */
export interface Steps {
  readonly run: <T>(stage: RunStage, work: () => Promise<T>) => Promise<T>;
  /** Of the run as a whole, for what goes on after it. */
  readonly traceparent: string | undefined;
  /** The run is over: code of its failure, or `none`. Once. */
  readonly end: (outcome: RunOutcome, code: string) => void;
}

export function openSteps({ tracing, meters }: StepDeps, kind: 'sync' | 'dry-run', options: StepOptions): Steps {
  const startedAt = performance.now();
  const whole = tracing.start(kind, options);
  return {
    traceparent: whole.traceparent,
    async run(stage, work) {
      const from = performance.now();
      try {
        return await traced(tracing, stage, { parent: whole.traceparent }, work);
      } finally {
        meters.stage(stage, secondsSince(from));
      }
    },
    end(outcome, code) {
      whole.set({ outcome });
      whole.end(outcome === 'success' ? undefined : code);
      meters.run(kind, outcome, code, secondsSince(startedAt));
    },
  };
}

function secondsSince(from: number): number {
  return (performance.now() - from) / 1_000;
}
