import type { ExportResult } from '@opentelemetry/core';
import { ExportResultCode } from '@opentelemetry/core';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { TracingOptions } from './tracing.ts';

const SEND_WITHIN_MS = 10_000;
/** A collector that is away is told once in a while, not with every batch. */
const COMPLAIN_EVERY_MS = 60_000;

/**
 * Sends spans as OTLP/HTTP JSON through the egress policy; OpenTelemetry's own exporter opens connections by itself. What cannot be
 * sent is dropped: a trace is worth less than the memory of a process whose collector is away.
 */
export function createOtlpExporter({
  endpoint,
  headers,
  fetch,
  log,
}: Pick<TracingOptions, 'headers' | 'fetch' | 'log'> & { readonly endpoint: string }): SpanExporter {
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
  let complainedAt = Number.NEGATIVE_INFINITY;

  async function send(spans: ReadableSpan[]): Promise<ExportResult> {
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: new TextDecoder().decode(JsonTraceSerializer.serializeRequest(spans)),
        signal: AbortSignal.timeout(SEND_WITHIN_MS),
      });
      if (!answer.ok) throw new Error(`the collector answered ${answer.status}`);
      return { code: ExportResultCode.SUCCESS };
    } catch (error) {
      if (performance.now() - complainedAt > COMPLAIN_EVERY_MS) {
        complainedAt = performance.now();
        log.warn(
          { err: error, spans: spans.length },
          'traces cannot be sent and are dropped; a private collector has to be in TRIBUTARY_ALLOWED_HOSTS',
        );
      }
      return { code: ExportResultCode.FAILED };
    }
  }

  async function sendAndTell(spans: ReadableSpan[], done: (result: ExportResult) => void): Promise<void> {
    done(await send(spans));
  }

  return {
    export: (spans, done) => void sendAndTell(spans, done),
    shutdown: async () => undefined,
  };
}
