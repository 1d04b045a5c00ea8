import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { v7 as newId } from 'uuid';
import { storeDeliveries } from '#inbox/store-deliveries.ts';
import { openTestHttp } from '#test/support/http.ts';
import type { TestHttp } from '#test/support/http.ts';
import { seedHook, seedOrganization, seedRepository } from '#test/support/seed.ts';

let http: TestHttp;
let hookId: string;
let repositoryId: string;
const LIST = '/api/organizations/default/webhook-deliveries/';
beforeAll(async () => {
  http = await openTestHttp();
  repositoryId = await seedRepository(http.database, http.start.organizationId);
  hookId = await seedHook(http.database, http.start.organizationId, repositoryId);
});
afterAll(() => http.close());

async function receive(text: string, ofHook = hookId): Promise<string> {
  const id = newId();
  const body = Buffer.from(text);
  const bodyHash = createHash('sha256').update(body).digest();
  const headers = { 'x-github-event': 'push' };
  const { sealed_secret: sealedSecret } = await http.database.kysely
    .selectFrom('hooks')
    .select('sealed_secret')
    .where('id', '=', ofHook)
    .executeTakeFirstOrThrow();
  const hook = { id: ofHook, sealedSecret, sealedPreviousSecret: undefined, secretKind: undefined };
  await storeDeliveries(http.database, [{ id, hook, key: id, event: 'push', headers, body, bodyHash }]);
  return id;
}

test('a delivery is shown with its bytes, its headers and what it says', async () => {
  const text = '{"ref": "refs/heads/main", "odd": "\\u0000"}';
  const id = await receive(text);

  const { body } = await http.call('GET', `${LIST}${id}/`);

  expect(body).toMatchObject({
    id,
    provider: 'github',
    event: 'push',
    delivery_key: id,
    hook_id: hookId,
    repository: { id: repositoryId },
    status: 'accepted',
    events: [],
    job_results: [],
    headers: { 'x-github-event': 'push' },
    body: Buffer.from(text).toString('base64'),
    body_sha256: createHash('sha256').update(text).digest('hex'),
    payload: { ref: 'refs/heads/main', odd: '\u0000' },
  });
});

test('a body that is no JSON is shown as bytes', async () => {
  const id = await receive('not json');

  expect((await http.call('GET', `${LIST}${id}/`)).body).toMatchObject({ payload: null, body: Buffer.from('not json').toString('base64') });
});

test('the list is newest first, filtered, and without bodies', async () => {
  const older = await receive('{}');
  const newer = await receive('{}');

  const { body } = await http.call('GET', `${LIST}?repository_id=${repositoryId}&status=accepted&limit=2`);

  expect(body.results.map((one: { id: string }) => one.id)).toEqual([newer, older]);
  expect(body.results[0]).not.toHaveProperty('body');
});

describe('replaying', () => {
  test('puts a delivery back in front of the router', async () => {
    const id = await receive('{}');
    await http.database.kysely
      .updateTable('deliveries')
      .set({ status: 'failed', routed_at: new Date(), attempts: 3, detail: 'it broke' })
      .where('id', '=', id)
      .execute();

    const answer = await http.call('POST', `${LIST}${id}/replay/`);

    expect([answer.status, answer.body]).toEqual([202, { delivery: id, status: 'accepted' }]);
    expect((await http.call('GET', `${LIST}${id}/`)).body).toMatchObject({ status: 'accepted', routed_at: null, attempts: 0 });
  });

  test('is not for viewers', async () => {
    const id = await receive('{}');

    expect((await http.call('POST', `${LIST}${id}/replay/`, { token: await http.tokenOf('viewer') })).status).toBe(403);
  });

  test('what belongs to another organization is 404 and stays as it is', async () => {
    const other = await seedOrganization(http.database);
    const theirRepository = await seedRepository(http.database, other.organizationId);
    const id = await receive('{}', await seedHook(http.database, other.organizationId, theirRepository));
    await http.database.kysely.updateTable('deliveries').set({ status: 'ignored' }).where('id', '=', id).execute();

    expect((await http.call('POST', `${LIST}${id}/replay/`)).status).toBe(404);
    expect((await http.call('GET', `${LIST}${id}/`)).status).toBe(404);
    const row = await http.database.kysely.selectFrom('deliveries').select('status').where('id', '=', id).executeTakeFirstOrThrow();
    expect(row.status).toBe('ignored');
  });
});

test('an organization is named by slug or by id, and another one does not exist', async () => {
  const paths = ['default', http.start.organizationId, 'acme', newId()].map((org) => `/api/organizations/${org}/webhook-deliveries/`);

  const answers = await Promise.all(paths.map((path) => http.call('GET', path)));

  expect(answers.map((answer) => answer.status)).toEqual([200, 200, 404, 404]);
});
