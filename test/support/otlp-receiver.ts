import type { Server } from 'node:http';
import { createServer } from 'node:http';
import { z } from 'zod';
import type { Scope } from './scope.ts';

const valueSchema = z.object({
  stringValue: z.string().optional(),
  intValue: z.union([z.number(), z.string()]).optional(),
  boolValue: z.boolean().optional(),
});
const spanSchema = z.object({
  traceId: z.string().length(32),
  spanId: z.string().length(16),
  parentSpanId: z.string().optional(),
  name: z.string(),
  startTimeUnixNano: z.string(),
  endTimeUnixNano: z.string(),
  attributes: z.array(z.object({ key: z.string(), value: valueSchema })).default([]),
  links: z.array(z.object({ traceId: z.string(), spanId: z.string() })).default([]),
  status: z.object({ code: z.number().optional(), message: z.string().optional() }).optional(),
});
const attributesSchema = z.array(z.object({ key: z.string(), value: valueSchema }));
/** The part of OTLP/HTTP JSON (opentelemetry-proto, trace service v1) that is looked at. */
const requestSchema = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: attributesSchema }),
      scopeSpans: z.array(z.object({ spans: z.array(spanSchema) })),
    }),
  ),
});

export interface ReceivedSpan extends Omit<z.infer<typeof spanSchema>, 'attributes'> {
  readonly attributes: Readonly<Record<string, string>>;
  /** Name of the process that recorded it. */
  readonly process: string;
}

/** A collector as an operator would run one: takes spans over HTTP and shows what it got. */
export interface OtlpReceiver {
  readonly url: string;
  readonly spans: () => readonly ReceivedSpan[];
  /** Everything that was sent, as it came, headers included. */
  readonly raw: () => readonly string[];
}

export async function startOtlpReceiver(scope: Scope): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const raw: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      raw.push(`${JSON.stringify(request.headers)}\n${body}`);
      const parsed = request.method === 'POST' && request.url === '/v1/traces' ? requestSchema.safeParse(JSON.parse(body)) : undefined;
      if (parsed?.success === true) spans.push(...toSpans(parsed.data));
      response.writeHead(parsed?.success === true ? 200 : 400, { 'content-type': 'application/json' }).end('{}');
    });
  });
  const url = await listen(server);
  scope.defer(
    () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  return { url, spans: () => spans, raw: () => raw };
}

function toSpans({ resourceSpans }: z.infer<typeof requestSchema>): readonly ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        ...span,
        attributes: toTexts(span.attributes),
        process: toTexts(resource.attributes)['service.instance.id'] ?? '',
      })),
    ),
  );
}

function toTexts(attributes: z.infer<typeof attributesSchema>): Readonly<Record<string, string>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, String(value.stringValue ?? value.intValue ?? value.boolValue)]));
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  return `http://127.0.0.1:${address.port}`;
}
