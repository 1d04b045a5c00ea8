import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openRemote } from '#repositories/open.ts';
import type { TestHttp } from '#test/support/http.ts';
import { openTestHttp } from '#test/support/http.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { everySealed } from '#test/support/sealed.ts';
import { seedRepository } from '#test/support/seed.ts';

vi.setConfig(PATIENCE);
const LIST = '/api/organizations/default/git-tokens/';
/** Nobody listens there: what the provider would say is not what this is about. */
const SERVER = 'http://127.0.0.1:9';
const [FIRST, SECOND] = ['ghp_FirstOfTheFile0000000000000000000000', 'ghp_SecondOfTheFile000000000000000000000'];
let http: TestHttp;
let folder = '';
let repositoryId = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-test-token-'));
  mkdirSync(join(folder, 'default'));
  http = await openTestHttp({
    tokenFiles: folder,
    tokenVariables: [{ organization: 'default', name: 'ACME_TOKEN', value: 'ghp_OfTheVariable' }],
  });
  repositoryId = await seedRepository(http.database, http.start.organizationId);
});
afterAll(async () => {
  await http.close();
  rmSync(folder, { recursive: true, force: true });
});

const put = (text: string): void => writeFileSync(join(folder, 'default', 'acme'), text);
const create = (fields: object) => http.call('POST', LIST, { body: { provider: 'github', url: SERVER, ...fields } });

async function secretInUse(credentialId: string): Promise<string | undefined> {
  await http.database.kysely
    .updateTable('repositories')
    .set({ credential_id: credentialId, remote_url: `${SERVER}/acme/x.git`, remote_key: `${SERVER}/acme/x` })
    .where('id', '=', repositoryId)
    .execute();
  return (await openRemote(http.hooks, repositoryId)).access?.secret;
}

test('a token that is kept in a file is read at every use, says where it is kept, and is not in the database', async () => {
  put(`${FIRST}\n`);
  const { status, body, text } = await create({ name: 'file', token_from: { file: 'acme' } });
  expect([status, body.token_from]).toEqual([201, { file: 'acme' }]);

  expect(await secretInUse(body.id)).toBe(FIRST);
  put(SECOND);
  expect(await secretInUse(body.id)).toBe(SECOND);

  const [stored] = (await everySealed(http.database)).filter(({ id }) => id === body.id);
  const place = { table: 'credentials', field: 'secret', rowId: body.id, organizationId: http.start.organizationId } as const;
  expect(http.hooks.vault.open(stored?.sealed ?? new Uint8Array(), place)).not.toContain('ghp_');
  expect(text).not.toMatch(/ghp_/);
});

test('while its file is gone or empty, whoever needs it is told which and why', async () => {
  put(FIRST);
  const { body } = await create({ name: 'gone', token_from: { file: 'acme' } });
  rmSync(join(folder, 'default', 'acme'));

  await expect(secretInUse(body.id)).rejects.toMatchObject({ code: 'SECRET_NOT_FOUND', message: expect.stringContaining('"acme"') });
  put('');
  await expect(secretInUse(body.id)).rejects.toMatchObject({ code: 'SECRET_NOT_FOUND', message: expect.stringContaining('empty') });
  put(FIRST);
  expect(await secretInUse(body.id)).toBe(FIRST);
});

test('one of a variable becomes one that is kept here, and back', async () => {
  const { body } = await create({ name: 'changing', token_from: { env: 'ACME_TOKEN' } });
  expect(await secretInUse(body.id)).toBe('ghp_OfTheVariable');

  const kept = await http.call('PATCH', `${LIST}${body.id}/`, { body: { token: 'ghp_sent' } });
  expect([kept.body.token_from, await secretInUse(body.id)]).toEqual([null, 'ghp_sent']);
  const back = await http.call('PATCH', `${LIST}${body.id}/`, { body: { token_from: { env: 'ACME_TOKEN' } } });
  expect([back.body.token_from, await secretInUse(body.id)]).toEqual([{ env: 'ACME_TOKEN' }, 'ghp_OfTheVariable']);
  const named = await http.call('PATCH', `${LIST}${body.id}/`, { body: { description: 'named' } });
  expect(named.body.token_from).toEqual({ env: 'ACME_TOKEN' });
});

test('what cannot be read is not saved', async () => {
  put(FIRST);
  const answers = [
    await create({ name: 'a', token_from: { file: '../default/acme' } }),
    await create({ name: 'b', token_from: { env: 'PATH' } }),
    await create({ name: 'c', token_from: { file: 'acme' }, token: 'ghp_both' }),
    await create({ name: 'd' }),
    await create({ name: 'e', token_from: { file: 'acme', env: 'ACME_TOKEN' } }),
    await create({ name: 'f', token_from: { url: 'https://example.com' } }),
  ];

  expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 400]);
  expect(answers.slice(0, 4).map(({ body }) => Object.keys(body).filter((key) => key.startsWith('token')))).toEqual([
    ['token_from'],
    ['token_from'],
    ['token_from'],
    ['token'],
  ]);
  expect(answers.map(({ text }) => text).join()).not.toMatch(/ghp_/);
});

test('another server needs the place said again, and a replacement needs a token', async () => {
  put(FIRST);
  const { body } = await create({ name: 'bound', token_from: { file: 'acme' } });

  expect((await http.call('PATCH', `${LIST}${body.id}/`, { body: { url: 'http://127.0.0.1:10' } })).status).toBe(400);
  expect((await http.call('PUT', `${LIST}${body.id}/`, { body: { name: 'bound', provider: 'github', url: SERVER } })).body).toMatchObject({
    token: [expect.any(String)],
  });
});

test('a token that begins like the mark of a place cannot be sent', async () => {
  expect((await create({ name: 'mark', token: '\0{"env":"ACME_TOKEN"}' })).status).toBe(400);
});
