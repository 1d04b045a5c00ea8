import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { canariesIn } from '#test/support/canaries.ts';
import { context } from '#test/support/content-files.ts';
import type { OtlpReceiver, ReceivedSpan } from '#test/support/otlp-receiver.ts';
import { startOtlpReceiver } from '#test/support/otlp-receiver.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { finalStatus } from '#test/support/statuses.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { until } from '#test/support/until.ts';
import type { Registered, World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
let collector: OtlpReceiver;
let world: World;
let repository: Registered;
beforeAll(async () => {
  collector = await startOtlpReceiver(scope);
  world = await startWorld(scope, {
    serverUrl: TEST_SERVER_URL,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-collector-key=collector%20secret',
      // A look at the remote that comes before the webhook would begin the sync, and the trace, by itself.
      POLL_INTERVAL_S: '3600',
    },
  });
  repository = await world.register('traced', { 'config_contexts/a.json': context('Traced') });
});
afterAll(() => scope.close());

/** Spans of the trace that a delivery of this repository began, once its report is among them. */
async function traceOf(isMine: (span: ReceivedSpan) => boolean): Promise<readonly ReceivedSpan[]> {
  return until('the trace to arrive', () => {
    const { traceId } = collector.spans().find(isMine) ?? {};
    const spans = collector.spans().filter((span) => span.traceId === traceId);
    return spans.some(({ name }) => name === 'report') ? spans : undefined;
  });
}

function isReceiveOf(hookUrl: string) {
  const hookId = hookUrl.split('/').at(-1);
  return (span: ReceivedSpan): boolean =>
    span.name === 'receive' && span.attributes['tributary.hookId'] === hookId && span.attributes['tributary.outcome'] === 'accepted';
}

/** `name` below the name of its parent, for every span. */
function edges(spans: readonly ReceivedSpan[]): readonly string[] {
  const names = new Map(spans.map((span) => [span.spanId, span.name]));
  return spans
    .map((span) => `${names.get(span.parentSpanId ?? '') ?? (span.parentSpanId ? 'elsewhere' : 'nothing')} > ${span.name}`)
    .toSorted();
}

test('one push is one trace, from the delivery to the status, across processes', async () => {
  const before = collector.spans().length;
  const commit = await world.push(repository, { 'config_contexts/a.json': context('Traced', { mtu: 9_000 }) });
  await finalStatus(world.forge, commit);
  const { webhook } = await world.api.repository(repository.id);

  const isMine = isReceiveOf(webhook?.url ?? '');
  const spans = await traceOf((span) => collector.spans().indexOf(span) >= before && isMine(span) && hasReport(span));

  expect(edges(spans)).toEqual([
    'nothing > receive',
    'receive > route',
    'route > sync',
    'sync > apply',
    'sync > choose',
    'sync > fetch',
    'sync > parse',
    'sync > plan',
    'sync > report',
  ]);
  expect(new Set(spans.map(({ process }) => process)).size).toBe(TEST_SERVER_URL === undefined ? 1 : 2);
  const sync = spans.find(({ name }) => name === 'sync');
  expect(sync?.attributes).toMatchObject({ 'tributary.repositoryId': repository.id, 'tributary.outcome': 'success' });
});

/** The registration's own ping is a delivery too, without a sync behind it. */
function hasReport({ traceId }: ReceivedSpan): boolean {
  return collector.spans().some((span) => span.traceId === traceId && span.name === 'report');
}

test('a sender’s traceparent is linked to, never followed', async () => {
  const { url, secret } = await world.rotateHook(repository);
  const { id } = await world.forge.readRepository(repository.fullName);
  const theirs = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };
  await world.forge.deliverRaw({
    url,
    secret,
    event: 'ping',
    payload: { zen: 'x', hook_id: 1, hook: {}, repository: { id, full_name: repository.fullName } },
    headers: { traceparent: `00-${theirs.traceId}-${theirs.spanId}-01` },
  });

  const span = await until('the delivery’s span', () => collector.spans().find(({ links }) => links.length > 0));

  expect(span).toMatchObject({ name: 'receive', links: [theirs] });
  expect(span.traceId).not.toBe(theirs.traceId);
  expect(collector.spans().filter(({ traceId }) => traceId === theirs.traceId)).toEqual([]);
});

test('a failed run says its code and nothing of its content, and no secret is in anything that was sent', async () => {
  const commit = await world.push(repository, { 'config_contexts/a.json': '{"broken' });
  await finalStatus(world.forge, commit);

  const failed = await until('the failed run', () => collector.spans().find(({ status }) => status?.message === 'CONTENT_INVALID'));

  expect(failed).toMatchObject({ name: 'sync', attributes: { 'tributary.outcome': 'failure' } });
  const sent = collector.raw();
  expect(sent.every((text) => text.includes('collector secret'))).toBe(true);
  const bodies = sent.map((text) => text.slice(text.indexOf('\n')));
  expect(canariesIn(bodies, [world.token, world.service.adminToken, 'collector secret'])).toEqual([]);
  expect(bodies.join('')).not.toMatch(/broken|config_contexts/);
  expect(canariesIn([world.service.output()], ['collector secret'])).toEqual([]);
});
