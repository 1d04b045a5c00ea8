import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { checkSealedSecrets, keyNotes } from '#app/examine/secrets.ts';
import { changeToken } from '#credentials/change-token.ts';
import { createVault } from '#credentials/vault.ts';
import type { Database } from '#db/database.ts';
import { err } from '#domain/result.ts';
import { replaceSecret } from '#hooks/store.ts';
import { secretPlace } from '#hooks/secrets.ts';
import { findProvider } from '#providers/registry.ts';
import { countByKey } from '#rekey/keys.ts';
import type { Rekeyer } from '#rekey/rekey.ts';
import { createRekeyer, rekeyAll } from '#rekey/rekey.ts';
import { swapSealed } from '#rekey/store.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { createRecordingQueue } from '#test/support/recording-queue.ts';
import { everySealed, openEvery, seedSealedHook, seedToken, seedTokens } from '#test/support/sealed.ts';
import { seedOrganization } from '#test/support/seed.ts';

vi.setConfig(PATIENCE);
const OLD = randomBytes(32);
const NEW = randomBytes(32);
const LOST = randomBytes(32);
const before = createVault([OLD]);
const both = createVault([NEW, OLD]);
const after = createVault([NEW]);
const lost = createVault([LOST]);
let database: Database;
let organizationId: string;

beforeAll(async () => {
  database = await openTestDatabase();
  ({ organizationId } = await seedOrganization(database));
});
afterEach(async () => {
  await database.kysely.deleteFrom('credentials').execute();
  await database.kysely.deleteFrom('hooks').execute();
});
afterAll(() => database.close());

const rekey = (options: { readonly dryRun?: boolean } = {}, rekeyer: Rekeyer = createRekeyer({ database, vault: both })) =>
  rekeyAll(rekeyer, { dryRun: false, ...options });
const checkUrl = () => err({ code: 'URL_INVALID', message: 'no address is changed' });
const roles = (uses: Awaited<ReturnType<typeof countByKey>>) => uses.map(({ role, secrets }) => `${role}: ${secrets}`);

const said = async (vault: typeof both) =>
  (await checkSealedSecrets(database, vault)).filter(({ name }) => name === 'keys-in-use').map(({ state, detail }) => `${state} ${detail}`);

const noFetch = () => Promise.reject(new Error('the provider is away'));
const readTokenSource = () => Promise.reject(new Error('nothing is kept elsewhere'));

/** Runs `work` beside every batch, before the batch writes: between its reading and its writing, or before both. */
function beside(work: () => Promise<unknown>): Rekeyer {
  const rekeyer = createRekeyer({ database, vault: both });
  return { ...rekeyer, batch: async (options) => (await Promise.all([rekeyer.batch(options), work()]))[0] };
}

describe('re-keying', () => {
  test('brings every secret of every column under the first key, and none of them changes', async () => {
    await seedTokens(database, before, organizationId, ['one', 'two', 'three']);
    await seedSealedHook(database, before, organizationId, { secret: 'now', previous: 'then' });
    const secrets = await openEvery(database, before);

    const { before: uses, after: usesAfter, ...counts } = await rekey();

    expect(counts).toEqual({ resealed: 5, forgotten: 0, unreadable: [], remaining: 0 });
    expect([roles(uses), roles(usesAfter)]).toEqual([
      ['first: 0', 'old: 5'],
      ['first: 5', 'old: 0'],
    ]);
    expect(await openEvery(database, after)).toEqual(secrets);
  });

  test('goes through more rows than a batch holds', async () => {
    await seedTokens(
      database,
      before,
      organizationId,
      Array.from({ length: 1_203 }, (_, at) => `secret-${at}`),
    );
    const secrets = await openEvery(database, before);

    expect(await rekey()).toMatchObject({ resealed: 1_203, remaining: 0 });

    expect(await openEvery(database, after)).toEqual(secrets);
  });

  test('leaves what stands under the first key to the byte, so a second one has nothing to do', async () => {
    await seedTokens(database, before, organizationId, ['one', 'two']);
    await rekey();
    const bytes = (await everySealed(database)).map(({ sealed }) => Buffer.from(sealed).toString('hex'));

    expect(await rekey()).toMatchObject({ resealed: 0, unreadable: [], remaining: 0 });

    expect((await everySealed(database)).map(({ sealed }) => Buffer.from(sealed).toString('hex'))).toEqual(bytes);
  });

  test('goes on where one that was killed left off, at whichever batch that was', async () => {
    await seedTokens(
      database,
      before,
      organizationId,
      Array.from({ length: 1_100 }, (_, at) => `secret-${at}`),
    );
    const secrets = await openEvery(database, before);
    const rekeyer = createRekeyer({ database, vault: both });
    const { next } = await rekeyer.batch({ after: undefined, dryRun: false });

    expect(roles(await countByKey({ database, vault: both }))).toEqual(['first: 500', 'old: 600']);
    expect(next).not.toBeNull();
    expect(await rekey()).toMatchObject({ resealed: 600, remaining: 0 });
    expect(await openEvery(database, after)).toEqual(secrets);
  });

  test('done by several at once seals each secret once', async () => {
    await seedTokens(
      database,
      before,
      organizationId,
      Array.from({ length: 1_100 }, (_, at) => `secret-${at}`),
    );
    const secrets = await openEvery(database, before);

    const all = await Promise.all(Array.from({ length: 4 }, () => rekey()));

    expect(all.reduce((sum, { resealed }) => sum + resealed, 0)).toBe(1_100);
    expect(all.every(({ remaining, unreadable }) => remaining === 0 && unreadable.length === 0)).toBe(true);
    expect(await openEvery(database, after)).toEqual(secrets);
  });

  test('does not put an old secret in the place of one that was saved while it was sealing', async () => {
    const id = await seedToken(database, before, organizationId, 'replaced');
    const [row] = await everySealed(database);
    if (row === undefined) throw new Error('no row');
    const place = { ...row.column, rowId: id, organizationId };
    const newer = both.seal('newer', place);
    await database.kysely.updateTable('credentials').set({ sealed_secret: newer }).where('id', '=', id).execute();

    const swapped = await swapSealed(database, row.column, [{ id, was: row.sealed, becomes: both.reseal(row.sealed, place) }]);

    expect(swapped).toBe(0);
    expect(Object.values(await openEvery(database, both))).toEqual(['newer']);
  });

  test('while tokens are replaced and hooks rotated keeps the newest secret of each', async () => {
    const ids = await seedTokens(
      database,
      before,
      organizationId,
      Array.from({ length: 40 }, (_, at) => `first-${at}`),
    );
    const hookId = await seedSealedHook(database, before, organizationId, { secret: 'hook-0', previous: 'hook-x' });
    const deps = {
      database,
      queue: createRecordingQueue(),
      vault: both,
      checkUrl,
      findProvider,
      readTokenSource,
      openNetwork: async () => undefined,
      through: () => noFetch,
      now: () => new Date(),
    };
    const expected: Record<string, string> = {};
    let round = 0;
    async function change(): Promise<void> {
      round++;
      for (const [at, id] of ids.entries()) {
        if (at % 3 !== round % 3) continue;
        const token = `round-${round}-${at}`;
        expect(await changeToken(deps, { organizationId }, id, { token })).toMatchObject({ ok: true });
        expected[`credentials.secret ${id}`] = token;
      }
      const place = { id: hookId, organizationId };
      await database.transaction((tx) =>
        replaceSecret(tx, hookId, {
          sealed: both.seal(`hook-${round}`, secretPlace(place, 'secret')),
          sealedPrevious: both.seal(`hook-${round - 1}`, secretPlace(place, 'previous_secret')),
          overlapMs: 3_600_000,
        }),
      );
      expected[`hooks.secret ${hookId}`] = `hook-${round}`;
      expected[`hooks.previous_secret ${hookId}`] = `hook-${round - 1}`;
    }

    const all = await Promise.all([rekey({}, beside(change)), rekey()]);

    expect(all.map(({ remaining }) => remaining)).toEqual([0, 0]);
    expect(round).toBeGreaterThan(2);
    expect(await openEvery(database, after)).toMatchObject(expected);
  });

  test('names what no key opens, and does the rest', async () => {
    await seedToken(database, before, organizationId, 'fine');
    const id = await seedToken(database, lost, organizationId, 'gone for good', 'github-main');
    await seedSealedHook(database, before, organizationId, { secret: 'now', previous: 'then' });

    const outcome = await rekey();

    expect(outcome).toMatchObject({ resealed: 3, remaining: 0 });
    expect(outcome.unreadable).toEqual([
      {
        table: 'credentials',
        column: 'sealed_secret',
        id,
        organization_id: organizationId,
        name: 'github-main',
        reason: expect.stringContaining('no key of TRIBUTARY_SECRET_KEYS'),
      },
    ]);
    expect(roles(outcome.after)).toEqual(['first: 3', 'old: 0', 'unknown: 1']);
  });

  test('names bytes that are no sealed secret at all', async () => {
    const id = await seedToken(database, before, organizationId, 'x');
    await database.kysely.updateTable('credentials').set({ sealed_secret: new Uint8Array() }).where('id', '=', id).execute();

    expect(await rekey()).toMatchObject({ resealed: 0, remaining: 0, unreadable: [{ id }] });
  });

  test('forgets the secret of a hook whose time is over, whether a key opens it or not', async () => {
    for (const vault of [before, lost])
      await seedSealedHook(database, vault, organizationId, { secret: 'now', previous: 'then', previousMs: -1_000 });
    await database.kysely.deleteFrom('hooks').where('sealed_secret', 'is', null).execute();

    const outcome = await rekey();

    expect(outcome).toMatchObject({ resealed: 1, forgotten: 2, unreadable: [{ column: 'sealed_secret' }] });
    expect((await everySealed(database)).filter(({ column }) => column.field === 'previous_secret')).toEqual([]);
  });

  test('that is only tried writes nothing, and finds what cannot be opened', async () => {
    await seedToken(database, before, organizationId, 'fine');
    await seedToken(database, lost, organizationId, 'gone', 'github-main');
    const bytes = (await everySealed(database)).map(({ sealed }) => Buffer.from(sealed).toString('hex'));

    const outcome = await rekey({ dryRun: true });

    expect(outcome).toMatchObject({ resealed: 1, unreadable: [{ name: 'github-main' }] });
    expect((await everySealed(database)).map(({ sealed }) => Buffer.from(sealed).toString('hex'))).toEqual(bytes);
  });

  test('ends, and says how many are left, while a process goes on writing under the old key', async () => {
    await seedToken(database, before, organizationId, 'first');
    const rekeyer = createRekeyer({ database, vault: both });
    const stubborn: Rekeyer = {
      keys: async () => {
        await seedToken(database, before, organizationId, 'another');
        return rekeyer.keys();
      },
      batch: rekeyer.batch,
    };

    expect((await rekey({}, stubborn)).remaining).toBe(1);
  });
});

describe('of the keys', () => {
  const [newId, oldId, lostId] = [after.keyIds[0], before.keyIds[0], lost.keyIds[0]];

  test('doctor says which are needed, and when one may be taken out', async () => {
    await seedToken(database, before, organizationId, 'one');

    expect(await said(before)).toEqual(['ok All 1 secrets stand under the first key.']);
    expect(await said(both)).toEqual([`warn 1 secrets stand under an older key (${oldId}: 1), 0 under the first.`]);
    await rekey();
    expect(await said(both)).toEqual([expect.stringMatching(new RegExp(`^ok No secret stands under key ${oldId}: it may be taken out`))]);
    expect(await said(before)).toEqual([`fail 1 stored secrets open with no key of TRIBUTARY_SECRET_KEYS; they stand under ${newId}: 1.`]);
  });

  test('a start says what is not as it should be, and nothing when all is well', async () => {
    const notes = async (vault: typeof both) => keyNotes(await countByKey({ database, vault }));
    await seedToken(database, before, organizationId, 'one');
    await seedToken(database, lost, organizationId, 'two');

    expect(await notes(both)).toEqual([expect.stringContaining(`${lostId}: 1`), expect.stringContaining(`(${oldId}: 1)`)]);
    expect(await notes(createVault([LOST, OLD]))).toEqual([expect.stringContaining('npx tributary secrets rekey')]);
    await database.kysely.deleteFrom('credentials').execute();
    expect(await notes(both)).toEqual([`No stored secret needs key ${oldId} of TRIBUTARY_SECRET_KEYS.`]);
    expect(await notes(after)).toEqual([]);
  });

  test('the ids tell nothing of the keys, and a doubled key is one', async () => {
    const uses = await countByKey({ database, vault: createVault([NEW, OLD, NEW]) });

    expect(uses.map(({ key }) => key)).toEqual([newId, oldId]);
    for (const form of ['hex', 'base64', 'base64url'] as const) expect(JSON.stringify(uses)).not.toContain(NEW.toString(form).slice(0, 8));
  });
});
