import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestHttp } from '#test/support/http.ts';
import type { HttpAnswer, TestHttp } from '#test/support/http.ts';

let http: TestHttp;
beforeAll(async () => {
  http = await openTestHttp();
  const token = { name: 'github', provider: 'github', token: 'ghp_x' };
  await http.call('POST', '/api/organizations/default/git-tokens/', { body: token });
});
afterAll(() => http.close());

const LIST = '/api/extras/git-repositories/';

/** The id of one that is registered, online and in sync, with nothing asked for. */
async function registerSettled(name: string): Promise<string> {
  const body = { name, remote_url: `https://github.com/acme/${name}.git`, ref: 'main', credential: 'github' };
  const { id }: { readonly id: string } = (await http.call('POST', LIST, { body })).body;
  const { kysely } = http.database;
  await kysely
    .updateTable('repositories')
    .set((eb) => ({ operational_state: 'online', seen: eb.ref('wanted'), pending_job_result_id: null }))
    .where('id', '=', id)
    .execute();
  await sql`insert into lines (organization_id, repository_id, branch_id, sync_state)
    select r.organization_id, r.id, b.id, 'in-sync' from repositories r join branches b on b.organization_id = r.organization_id
    where r.id = ${id} and b.name = 'main'`.execute(kysely);
  return id;
}

const states = ({ body }: HttpAnswer) => [body.operational_status.state, body.sync_status.main.state];
const read = async (id: string) => states(await http.call('GET', `${LIST}${id}/`));

test.each([
  ['description', 'other words', ['online', 'in-sync']],
  ['update_policy', 'notify', ['online', 'in-sync']],
  ['branch', 'other', ['online', 'syncing']],
  ['path_prefix', 'other', ['online', 'syncing']],
  ['provided_contents', [], ['online', 'syncing']],
  ['remote_url', 'https://github.com/acme/moved-away.git', ['unknown', 'syncing']],
  ['credential', null, ['unknown', 'syncing']],
])('after a change of %s to %j no more is said than is known from then on', async (field, value, expected) => {
  const id = await registerSettled(`change-${field.replace('_', '-')}`);
  expect(await read(id)).toEqual(['online', 'in-sync']);

  const answer = await http.call('PATCH', `${LIST}${id}/`, { body: { [field]: value } });

  expect([states(answer), await read(id)]).toEqual([expected, expected]);
});

test('a sync that was asked for is shown while it waits', async () => {
  const id = await registerSettled('asked');

  await http.call('POST', `${LIST}${id}/sync/`);

  expect(await read(id)).toEqual(['online', 'syncing']);
});
