import { setTimeout as sleep } from 'node:timers/promises';
import type { Attributes, Context, Link, Span } from '@opentelemetry/api';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { parseTraceParent } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Redactor } from '#domain/redact.ts';
import type { StepOptions, TraceAttributes, TraceStep } from '#domain/trace.ts';
import { createOtlpExporter } from './otlp-exporter.ts';
import type { OpenTracing, TracingOptions } from './tracing.ts';

const EXPORT_EVERY_MS = 1_000;
const MOST_ATTRIBUTES = 32;
const MOST_CHARS = 256;
const CLOSE_WITHIN_MS = 2_000;

/** Traces by the OpenTelemetry SDK. Steps name their parents themselves, so no context is carried behind the code's back. */
export function openOtlpTracing(options: TracingOptions & { readonly endpoint: string }): OpenTracing {
  const { serviceName, version, processName, ratio, redact } = options;
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': serviceName,
      'service.version': version,
      'service.instance.id': processName,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanLimits: { attributeCountLimit: MOST_ATTRIBUTES, attributeValueLengthLimit: MOST_CHARS },
    spanProcessors: [new BatchSpanProcessor({ exporter: createOtlpExporter(options), scheduledDelayMillis: EXPORT_EVERY_MS })],
  });
  const tracer = provider.getTracer('tributary', version);
  return {
    start(name, { parent, links = [], attributes = {} }: StepOptions = {}) {
      const kind = name === 'receive' ? SpanKind.SERVER : SpanKind.INTERNAL;
      const span = tracer.startSpan(
        name,
        { kind, attributes: masked(attributes, redact), links: links.flatMap(toLink) },
        toContext(parent),
      );
      return toStep(span, redact);
    },
    close: async () => {
      await Promise.race([provider.shutdown().catch(() => undefined), sleep(CLOSE_WITHIN_MS, undefined, { ref: false })]);
    },
  };
}

function toStep(span: Span, redact: Redactor): TraceStep {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    set: (attributes) => void span.setAttributes(masked(attributes, redact)),
    end: (failureCode) => {
      if (failureCode !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failureCode });
      span.end();
    },
  };
}

function toContext(traceparent: string | null | undefined): Context {
  const parent = traceparent == null ? null : parseTraceParent(traceparent);
  return parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true });
}

function toLink(traceparent: string | null | undefined): readonly Link[] {
  const context = traceparent == null ? null : parseTraceParent(traceparent);
  return context === null ? [] : [{ context: { ...context, isRemote: true } }];
}

function masked(attributes: TraceAttributes, redact: Redactor): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [`tributary.${name}`, typeof value === 'string' ? redact(value) : value]),
  );
}
