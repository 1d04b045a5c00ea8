import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as newId } from 'uuid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestHttp } from '#test/support/http.ts';
import { openTestHttp } from '#test/support/http.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';

let http: TestHttp;
beforeAll(async () => {
  http = await openTestHttp();
});
afterAll(() => http.close());

const HEAD_START_MS = 200;

test.skipIf(TEST_SERVER_URL === undefined)(
  'a repository is deleted though a delivery of its hook is on its way from the inbox',
  async () => {
    const { kysely } = http.database;
    const created = await http.call('POST', '/api/extras/git-repositories/', {
      body: { name: 'doomed', remote_url: 'https://github.com/acme/doomed.git' },
    });
    const { id } = created.body as { readonly id: string };
    const { organization_id } = await kysely
      .selectFrom('repositories')
      .select('organization_id')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    const hook = {
      id: newId(),
      organization_id,
      repository_id: id,
      provider: 'github',
      sealed_secret: Buffer.from('x'),
      status: 'active',
    } as const;
    await kysely.insertInto('hooks').values(hook).execute();
    const delivery = { id: newId(), organization_id, hook_id: hook.id, provider: 'github', event: 'push', delivery_key: 'key' } as const;
    await kysely
      .insertInto('deliveries')
      .values({ ...delivery, headers: '{}', body: Buffer.from('{}'), body_hash: Buffer.alloc(32) })
      .execute();

    // As the router takes them: the delivery first, then what it concerns.
    const [deleted] = await Promise.all([
      sleep(HEAD_START_MS).then(() => http.call('DELETE', `/api/extras/git-repositories/${id}/`)),
      http.database.transaction(async (tx) => {
        await tx.kysely.selectFrom('deliveries').select('id').where('id', '=', delivery.id).forUpdate().execute();
        await sleep(2 * HEAD_START_MS);
        await tx.kysely.updateTable('hooks').set({ status: 'active' }).where('id', '=', hook.id).execute();
      }),
    ]);

    expect(deleted.status).toBe(204);
    expect(await kysely.selectFrom('repositories').select('id').where('id', '=', id).execute()).toEqual([]);
  },
);
