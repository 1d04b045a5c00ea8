import type { Logger } from 'pino';
import type { Redactor } from '#domain/redact.ts';
import type { Tracing } from '#domain/trace.ts';
import { NO_TRACING } from '#domain/trace.ts';

export interface TracingOptions {
  /** Base address of a collector that takes OTLP over HTTP; undefined: no traces are made, and nothing is loaded. */
  readonly endpoint: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  /** Share of traces that is recorded, 0 to 1; a trace is recorded as a whole or not at all. */
  readonly ratio: number;
  readonly version: string;
  readonly processName: string;
  /** Lies on every text of an attribute. */
  readonly redact: Redactor;
  /** The only way out: a collector is subject to the egress policy like everybody else. */
  readonly fetch: typeof globalThis.fetch;
  readonly log: Logger;
}

export interface OpenTracing extends Tracing {
  /** Sends what is left, within 2 s. */
  readonly close: () => Promise<void>;
}

/** Traces as the configuration wants them. The SDK takes 60 ms to load, so it is loaded only where it is used. */
export async function openTracing(options: TracingOptions): Promise<OpenTracing> {
  const { endpoint } = options;
  if (endpoint === undefined) return { ...NO_TRACING, close: async () => undefined };
  const { openOtlpTracing } = await import('./otlp.ts');
  return openOtlpTracing({ ...options, endpoint });
}
