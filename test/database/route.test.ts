import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { v7 as newId } from 'uuid';
import type { Database } from '#db/database.ts';
import { NO_TRACING } from '#domain/trace.ts';
import { routeDeliveries } from '#inbox/route.ts';
import { storeDeliveries } from '#inbox/store-deliveries.ts';
import { findProvider } from '#providers/registry.ts';
import { forgetRemoteHook, lockRepository } from '#repositories/store.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { createRecordingQueue } from '#test/support/recording-queue.ts';
import { seedHook, seedOrganization, seedRepository } from '#test/support/seed.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { untilTrue } from '#test/support/until.ts';

const REMOTE_ID = '15';
let database: Database;
let organizationId: string;
let repositoryId: string;
let hookId: string;
beforeAll(async () => {
  database = await openTestDatabase();
  ({ organizationId } = await seedOrganization(database));
});
afterAll(() => database.close());
beforeEach(async () => {
  repositoryId = await seedRepository(database, organizationId, { remoteId: REMOTE_ID });
  hookId = await seedHook(database, organizationId, repositoryId, 'gitlab');
});

/** Stores a delivery, routes it, and answers what became of it and which jobs that asked for. */
async function route(payload: string, headers: Readonly<Record<string, string>> = {}) {
  const id = newId();
  const body = Buffer.from(payload);
  const hook = { id: hookId, sealedSecret: Buffer.of(1), sealedPreviousSecret: undefined, secretKind: undefined };
  const bodyHash = createHash('sha256').update(body).digest();
  await storeDeliveries(database, [{ id, hook, key: id, event: 'Some Hook', headers, body, bodyHash }]);
  const queue = createRecordingQueue();
  await routeDeliveries({
    database,
    queue,
    log: pino({ level: 'silent' }),
    tracing: NO_TRACING,
    meters: { routed: () => undefined },
    findReader: (provider) => findProvider(provider)?.webhooks,
  });
  const row = await database.kysely.selectFrom('deliveries').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  return { status: row.status, detail: row.detail, events: row.events, jobs: queue.sent.map(({ name }) => name) };
}

const project = (id = Number(REMOTE_ID)) => ({ id, path_with_namespace: 'acme/net' });
const push = (fields: object = {}) =>
  JSON.stringify({
    object_kind: 'push',
    ref: 'refs/heads/main',
    before: '1'.repeat(40),
    after: '2'.repeat(40),
    project: project(),
    ...fields,
  });

test('a push to the followed branch asks for one sync', async () => {
  expect(await route(push())).toMatchObject({ status: 'routed', jobs: ['sync-repository'] });
});

test.each([
  ['a push to another branch', push({ ref: 'refs/heads/other' })],
  ['a push to another project', push({ project: project(16) })],
  ['our own status, told as a pipeline', JSON.stringify({ object_kind: 'pipeline', project: project() })],
  ['our own status, told as a job', JSON.stringify({ object_kind: 'build', build_name: 'tributary/import', project: project() })],
  ['a comment', JSON.stringify({ object_kind: 'note', project: project(), object_attributes: { note: '/tributary sync' } })],
  ['an event of tomorrow', JSON.stringify({ object_kind: 'brand_new', project: project() })],
  [
    'a token that ends soon',
    JSON.stringify({
      object_kind: 'access_token',
      event_name: 'expiring_access_token',
      project: project(),
      object_attributes: { id: 25, name: 'tributary', expires_at: '2026-12-01' },
    }),
  ],
])('%s is ignored with a reason and asks for nothing', async (_what, payload) => {
  expect(await route(payload)).toMatchObject({ status: 'ignored', detail: expect.stringMatching(/\w/), jobs: [] });
});

test.each([
  ['a list', '[]'],
  ['null', 'null'],
  ['truncated JSON', '{"object_kind": "pu'],
  ['wrong types', push({ ref: ['refs/heads/main'] })],
])('%s is kept as not readable and asks for nothing', async (_what, payload) => {
  expect(await route(payload)).toMatchObject({ status: 'failed', detail: expect.stringMatching(/^Not readable/), jobs: [] });
});

test('NUL and half a surrogate pair in what an event says do not keep it from being routed', async () => {
  const ref = String.raw`refs/heads/a\u0000b\ud800`;

  const routed = await route(push({ ref: 'REF' }).replace('REF', ref));

  expect(routed).toMatchObject({ status: 'ignored', events: [{ kind: 'push', ref: 'refs/heads/a\u{fffd}b\u{fffd}' }] });
  expect(routed.detail).toContain('refs/heads/a\u{fffd}b\u{fffd}');
});

test.each([
  ['a greeting', 'ping', { hook_id: 1 }],
  ['our own status', 'status', { context: 'tributary/import', state: 'success' }],
  ['a comment', 'issue_comment', { action: 'created' }],
  ['an action of tomorrow', 'pull_request', pullRequest('teleported')],
  ['a pull request', 'pull_request', pullRequest('opened')],
  ['a push to another repository', 'push', githubPush(16)],
  ['an event of tomorrow', 'brand_new', {}],
])('of GitHub, %s is ignored with a reason and asks for nothing', async (_what, event, payload) => {
  hookId = await seedHook(database, organizationId, await seedRepository(database, organizationId, { remoteId: REMOTE_ID }));

  const routed = await route(JSON.stringify(payload), { 'x-github-event': event });

  expect(routed).toMatchObject({ status: 'ignored', detail: expect.stringMatching(/\w/), jobs: [] });
});

function pullRequest(action: string) {
  const repository = { id: Number(REMOTE_ID), full_name: 'acme/net' };
  const side = (ref: string) => ({ ref, sha: 'a'.repeat(40), repo: repository });
  return { action, number: 1, pull_request: { head: side('ntp'), base: side('main') }, repository };
}

function githubPush(id: number) {
  return { ref: 'refs/heads/main', before: '1'.repeat(40), after: '2'.repeat(40), repository: { id, full_name: 'acme/other' } };
}

// The embedded database runs one transaction at a time.
test.runIf(TEST_SERVER_URL !== undefined)(
  'a change of the repository that goes on to its hook makes routing wait, and neither gives way',
  async () => {
    const isWaiting = async (): Promise<boolean> => {
      const waiting = sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      return (await waiting.execute(database.kysely)).rows.length > 0;
    };

    const { routing } = await database.transaction(async (tx) => {
      await lockRepository(tx, organizationId, repositoryId);
      const routed = route(push());
      await untilTrue('routing to wait for the repository', isWaiting);
      await forgetRemoteHook(tx, repositoryId);
      return { routing: routed };
    });

    expect(await routing).toMatchObject({ status: 'routed', jobs: ['sync-repository'] });
  },
);
