import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createVault } from '#credentials/vault.ts';
import type { TestHttp } from '#test/support/http.ts';
import { openTestHttp } from '#test/support/http.ts';
import { openEvery, seedToken } from '#test/support/sealed.ts';
import { seedOrganization } from '#test/support/seed.ts';

const KEYS = '/api/secret-keys/';
const REKEY = '/api/secret-keys/rekey/';
const lost = createVault([randomBytes(32)]);
let http: TestHttp;

beforeAll(async () => {
  http = await openTestHttp();
});
afterAll(() => http.close());

test('says how many secrets stand under which key, and none of them', async () => {
  const secret = 'ghp_secretOfTheKeysTest';
  await http.call('POST', '/api/organizations/default/git-tokens/', { body: { name: 'a', provider: 'github', token: secret } });

  const { status, body, text } = await http.call('GET', KEYS);

  expect(status).toBe(200);
  expect(body).toEqual({
    count: 1,
    next: null,
    previous: null,
    results: [{ key: http.hooks.vault.keyIds[0], role: 'first', secrets: 1 }],
  });
  expect(text).not.toContain(secret);
});

test('goes through the secrets batch by batch and names what no key opens, without a byte of it', async () => {
  const id = await seedToken(http.database, lost, http.start.organizationId, 'gone', 'github-main');
  const [sealed] = await http.database.kysely.selectFrom('credentials').select('sealed_secret').where('id', '=', id).execute();

  const first = await http.call('POST', REKEY, { body: { dry_run: true } });
  const second = await http.call('POST', REKEY, { body: { after: first.body.next } });

  expect(first.body).toMatchObject({
    resealed: 0,
    unreadable: [{ table: 'credentials', id, name: 'github-main', organization_id: http.start.organizationId }],
    next: 'credentials.previous_secret',
  });
  expect(second.body).toMatchObject({ unreadable: [], next: 'hooks.secret' });
  for (const form of ['hex', 'base64'] as const)
    expect(first.text).not.toContain(
      Buffer.from(sealed?.sealed_secret ?? [])
        .toString(form)
        .slice(0, 12),
    );
});

test.each([
  [400, { after: 'users.password' }],
  [400, { after: "hooks.secret:'; drop table hooks" }],
  [400, { after: 'hooks.secret:x' }],
  [400, { dry_run: 'no' }],
  [422, { keys: [] }],
])('answers %i to %j', async (status, body) => {
  expect((await http.call('POST', REKEY, { body })).status).toBe(status);
});

test('is for owners and admins of the organization that runs the installation; another does not find it', async () => {
  const { organizationId } = await seedOrganization(http.database);
  const statusOf = async (role: 'owner' | 'admin' | 'devops' | 'viewer', organization?: string) =>
    (await http.call('POST', REKEY, { body: { dry_run: true }, token: await http.tokenOf(role, organization) })).status;

  expect(await Promise.all([statusOf('owner'), statusOf('admin'), statusOf('devops'), statusOf('viewer')])).toEqual([200, 200, 403, 403]);
  expect(await statusOf('owner', organizationId)).toBe(404);
});

test('a secret that is saved is sealed under the first key, whatever other keys there are', async () => {
  await http.database.kysely.deleteFrom('credentials').execute();
  await http.call('POST', '/api/organizations/default/git-tokens/', { body: { name: 'b', provider: 'github', token: 'ghp_b' } });

  expect(Object.values(await openEvery(http.database, http.hooks.vault))).toEqual(['ghp_b']);
});
