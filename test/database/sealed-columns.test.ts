import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { checkSealedSecrets } from '#app/examine/secrets.ts';
import { SEALED_COLUMNS } from '#credentials/sealed-columns.ts';
import type { SealedColumn } from '#credentials/sealed-columns.ts';
import { createVault } from '#credentials/vault.ts';
import type { SecretPlace } from '#credentials/vault.ts';
import type { Database } from '#db/database.ts';
import { isFailure } from '#domain/failure.ts';
import { loadHooks } from '#hooks/secrets.ts';
import { findProvider } from '#providers/registry.ts';
import { openRemote } from '#repositories/open.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { everySealed, seedProxy, seedSealedHook, seedToken } from '#test/support/sealed.ts';
import { seedOrganization, seedRepository } from '#test/support/seed.ts';

vi.setConfig(PATIENCE);
const vault = createVault([randomBytes(32)]);
let database: Database;

interface Place {
  readonly column: SealedColumn;
  readonly id: string;
  readonly organizationId: string;
  readonly sealed: Uint8Array;
}

/** Two rows of each table in each of two organizations. */
beforeAll(async () => {
  database = await openTestDatabase();
  for (let organization = 0; organization < 2; organization++) {
    const { organizationId } = await seedOrganization(database);
    for (let row = 0; row < 2; row++) {
      const tokenId = await seedToken(database, vault, organizationId, `token-${organization}-${row}`);
      await seedProxy(database, vault, organizationId, tokenId, `http://proxy-${organization}-${row}:3128`);
      await seedSealedHook(database, vault, organizationId, {
        secret: `now-${organization}-${row}`,
        previous: `then-${organization}-${row}`,
      });
    }
  }
});
afterAll(() => database.close());

async function put({ column, id }: Place, sealed: Uint8Array): Promise<void> {
  await sql`update ${sql.table(column.table)} set ${sql.ref(`sealed_${column.field}`)} = ${sealed} where id = ${id}`.execute(
    database.kysely,
  );
}

function codeOf(open: () => unknown): string {
  try {
    return `opened: ${JSON.stringify(open())}`;
  } catch (error) {
    return isFailure(error) ? error.code : String(error);
  }
}

async function failureOf(work: Promise<unknown>) {
  try {
    return { code: 'nothing failed', message: JSON.stringify(await work) };
  } catch (error) {
    return isFailure(error) ? { code: error.code, message: error.message, help: error.help } : { code: String(error), message: '' };
  }
}

test('the list of sealed columns is what the schema has', async () => {
  const { rows } = await sql<{ name: string }>`
    select table_name || '.' || column_name as name from information_schema.columns
    where table_schema = 'public' and column_name like 'sealed\\_%' order by 1`.execute(database.kysely);

  expect(rows.map(({ name }) => name)).toEqual(SEALED_COLUMNS.map(({ table, field }) => `${table}.sealed_${field}`).toSorted());
});

test('every sealed secret opens where it stands, and from no other column, row or organization', async () => {
  const places = await everySealed(database);
  const outcomes = new Map<string, Set<string>>();

  for (const from of places) {
    for (const to of places) {
      const place: SecretPlace = { ...to.column, rowId: to.id, organizationId: to.organizationId };
      const kind = from === to ? 'where it stands' : 'elsewhere';
      const seen = outcomes.get(kind) ?? new Set();
      outcomes.set(kind, seen.add(codeOf(() => vault.open(from.sealed, place)).slice(0, 17)));
    }
  }

  expect(places).toHaveLength(16);
  expect([...(outcomes.get('elsewhere') ?? [])]).toEqual(['SECRET_UNREADABLE']);
  for (const outcome of outcomes.get('where it stands') ?? []) expect(outcome).toMatch(/^opened: /);
});

describe('a sealed secret that somebody moves in the database', () => {
  const deps = {
    vault,
    findProvider,
    vetRemote: async (url: string) => ({ url, pinned: undefined, plainHttp: false }),
    openNetwork: async () => undefined,
    through: () => globalThis.fetch,
    readTokenSource: () => Promise.reject(new Error('nothing is kept elsewhere in these tests')),
  };

  test.each(['another row', 'another organization', 'another column'])('gives nobody access: from %s', async (from) => {
    const places = await everySealed(database);
    const target = places.find(({ column }) => column.table === 'credentials');
    const source = places.find(
      ({ id, column, organizationId }) =>
        id !== target?.id &&
        (from === 'another column') !== (column.table === 'credentials') &&
        (from === 'another organization') === (organizationId !== target?.organizationId),
    );
    if (target === undefined || source === undefined) throw new Error('no such pair');
    const repositoryId = await seedRepository(database, target.organizationId);
    const remote = 'https://github.com/acme/moved.git';
    await database.kysely
      .updateTable('repositories')
      .set({ credential_id: target.id, remote_url: remote, remote_key: `${remote}-${repositoryId}` })
      .where('id', '=', repositoryId)
      .execute();
    await put(target, source.sealed);

    const failure = await failureOf(openRemote({ ...deps, database }, repositoryId));

    const [check] = await checkSealedSecrets(database, vault);
    await put(target, target.sealed);
    expect(failure).toMatchObject({ code: 'SECRET_UNREADABLE', message: expect.stringContaining('it was changed or moved') });
    expect(check).toMatchObject({
      state: 'fail',
      detail: expect.stringMatching(new RegExp(`^1 of 4 secrets in credentials.*${target.id}`)),
    });
    expect(await failureOf(openRemote({ ...deps, database }, repositoryId))).toMatchObject({ code: 'nothing failed' });
  });

  test('verifies no delivery: a hook that is given the secret of another hook, or its own old one as the current one', async () => {
    const hooks = (await everySealed(database)).filter(({ column }) => column.table === 'hooks');
    const target = hooks.find(({ column }) => column.field === 'secret');
    if (target === undefined) throw new Error('no hook');
    const sources = hooks.filter(({ id, column }) => (id === target.id) !== (column.field === 'secret'));

    const codes = [];
    for (const { sealed } of sources) {
      await put(target, sealed);
      const hook = (await loadHooks({ database, vault, findProvider }, [target.id])).get(target.id);
      codes.push(codeOf(() => hook?.open()));
    }

    await put(target, target.sealed);
    expect(codes).toHaveLength(4);
    expect(new Set(codes)).toEqual(new Set(['SECRET_UNREADABLE']));
  });

  test('does not go along with a row that is given to another organization', async () => {
    const places = await everySealed(database);
    const target = places.find(({ column }) => column.table === 'credentials');
    const other = places.find(({ organizationId }) => organizationId !== target?.organizationId);
    if (target === undefined || other === undefined) throw new Error('no such pair');
    const give = (organizationId: string) =>
      database.kysely.updateTable('credentials').set({ organization_id: organizationId }).where('id', '=', target.id).execute();
    await give(other.organizationId);

    const checks = await checkSealedSecrets(database, vault);

    await give(target.organizationId);
    expect(checks[0]).toMatchObject({ state: 'fail', detail: expect.stringContaining(target.id) });
  });
});
