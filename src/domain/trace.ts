/** What a trace may carry: ids, codes and counts. Texts of users and secrets have no place in it. */
export type TraceAttributes = Readonly<Record<string, string | number | boolean>>;

/** One step of a trace that is under way. */
export interface TraceStep {
  /** W3C traceparent, to be stored with what the step leaves to others; undefined when nothing is recorded. */
  readonly traceparent: string | undefined;
  readonly set: (attributes: TraceAttributes) => void;
  /** A code marks the step as failed. Once. */
  readonly end: (failureCode?: string) => void;
}

export interface StepOptions {
  /** traceparent of the step that this one follows from; without one it begins a trace of its own. */
  readonly parent?: string | null | undefined;
  /** traceparents of steps that have to do with this one and are not trusted, or not able, to be its parent. */
  readonly links?: readonly (string | null | undefined)[];
  readonly attributes?: TraceAttributes;
}

/** How the way of a push through processes is made visible. Steps name their parent themselves: what lies between is a row in the database. */
export interface Tracing {
  readonly start: (name: string, options?: StepOptions) => TraceStep;
}

const NO_STEP: TraceStep = { traceparent: undefined, set: () => undefined, end: () => undefined };

/** For where traces are off: costs a call. */
export const NO_TRACING: Tracing = { start: () => NO_STEP };

/** Runs `work` as one step; an error ends it as failed, with its code where it has one, and is thrown on. */
export async function traced<T>(tracing: Tracing, name: string, options: StepOptions, work: (step: TraceStep) => Promise<T>): Promise<T> {
  const step = tracing.start(name, options);
  try {
    const value = await work(step);
    step.end();
    return value;
  } catch (error) {
    step.end(failureCodeOf(error));
    throw error;
  }
}

function failureCodeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'INTERNAL';
}
