import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createVault } from '#credentials/vault.ts';
import type { Database } from '#db/database.ts';
import { openEmbedded } from '#db/embedded.ts';
import { openPostgres } from '#db/postgres.ts';
import { ending, start } from '#test/cli/command.ts';
import type { Ended } from '#test/cli/command.ts';
import { canariesIn } from '#test/support/canaries.ts';
import { context } from '#test/support/content-files.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { openEvery, seedTokens } from '#test/support/sealed.ts';
import { sendDelivery } from '#test/support/signed-delivery.ts';
import { finalStatus } from '#test/support/statuses.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { untilTrue } from '#test/support/until.ts';
import type { Registered, World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';

vi.setConfig(PATIENCE);
const serverUrl = TEST_SERVER_URL;
const [OLD, NEW] = [randomBytes(32), randomBytes(32)];
const CANARY = `ghp_${'RekeyedWhileItIsUsed'.padEnd(36, '0')}`;
const TOKENS = 1_700;
const seeded = Array.from({ length: TOKENS }, (_, at) => `ghp_${'Seeded'.padEnd(32, '0')}${String(at).padStart(4, '0')}`);
/** Every batch after the second meets a row that is held, wherever its id came to lie. */
const HELD = 1_200;

const scope = openScope();
const said: string[] = [];
let world: World;
let repository: Registered & { readonly hookUrl: string };
let hookSecret = '';
let ids: readonly string[] = [];

const keys = (...list: readonly Buffer[]) => ({ TRIBUTARY_SECRET_KEYS: list.map((key) => key.toString('base64')).join(',') });

beforeAll(async () => {
  world = await startWorld(scope, { serverUrl, token: CANARY, env: keys(OLD) });
  repository = await world.register('rekeyed', { 'config_contexts/a.json': context('Rekeyed') });
  hookSecret = (await world.rotateHook(repository)).secret;
  const running = await stopAll();
  ids = await inDatabase(seedMany);
  for (const process of running) await world.service.startAgain(process, keys(NEW, OLD));
});
afterAll(() => scope.close());

/** Stops every process; those that ran. */
async function stopAll() {
  const running = [...world.service.webs, ...world.service.workers.filter(({ command }) => command === 'worker')];
  for (const process of running) await process.stop();
  return running;
}

async function seedMany(database: Database): Promise<readonly string[]> {
  const { id } = await database.kysely.selectFrom('organizations').select('id').executeTakeFirstOrThrow();
  return seedTokens(database, createVault([OLD]), id, seeded);
}

/** The embedded database can be opened only while no process has it. */
async function inDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
  const { databaseUrl, processes } = world.service;
  const log = pino({ level: 'silent' });
  const database =
    databaseUrl === undefined
      ? await openEmbedded({ dataDir: processes[0]?.dataDir ?? '', log })
      : openPostgres({ url: databaseUrl, maxConnections: 2, log });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** `tributary secrets rekey`; where no service is named, in its own process on the database. */
function launchRekey(options: { readonly here?: boolean } = {}) {
  const { url, adminToken, databaseUrl } = world.service;
  const child = start(['secrets', 'rekey', '--json'], {
    env: {
      ...keys(NEW, OLD),
      TRIBUTARY_DATA_DIR: scope.folder('command'),
      ...(options.here === true ? { DATABASE_URL: databaseUrl ?? '' } : { TRIBUTARY_URL: url, TRIBUTARY_TOKEN: adminToken }),
    },
  });
  const ended: Promise<Ended> = ending(child).then((outcome) => {
    said.push(outcome.stdout, outcome.stderr);
    return outcome;
  });
  return { child, ended };
}

async function secretsUnder(role: string): Promise<number> {
  const { results } = await world.api.get<{ readonly results: readonly { readonly role: string; readonly secrets: number }[] }>(
    '/api/secret-keys/',
  );
  return results.filter((use) => use.role === role).reduce((sum, { secrets }) => sum + secrets, 0);
}

/** Deliveries, one after the other, until it is stopped; how often each status was answered, 0 for none. */
function keepDelivering() {
  const statuses: Record<number, number> = {};
  let going = true;
  const first = Promise.withResolvers<void>();
  const done = (async () => {
    while (going) {
      const body = JSON.stringify({ zen: `delivery ${Object.values(statuses).join()}`, hook_id: 1 });
      const { status } = await sendDelivery({ url: repository.hookUrl, secret: hookSecret, event: 'ping', body });
      statuses[status] = (statuses[status] ?? 0) + 1;
      first.resolve();
    }
  })();
  return {
    first: first.promise,
    stop: async () => {
      going = false;
      await done;
      return statuses;
    },
  };
}

/** Nobody can change this row while `work` goes on: a re-keying stands still at its batch. */
async function holdRow<T>(id: string, work: (isWaitedFor: () => Promise<boolean>) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: world.service.databaseUrl });
  await client.connect();
  try {
    await client.query('begin');
    await client.query('select id from credentials where id = $1 for update', [id]);
    return await work(async () => {
      // Within a transaction the view stays what it was when it was first looked at.
      await client.query('select pg_stat_clear_snapshot()');
      const { rows } = await client.query<{ waiting: boolean }>(
        `select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%taken%') as waiting`,
      );
      return rows[0]?.waiting === true;
    });
  } finally {
    await client.end();
  }
}

/** The command's own process stands still inside a batch when it is killed. */
async function killInTheMiddle(): Promise<void> {
  await holdRow(ids[HELD] ?? '', async (isWaitedFor) => {
    const { child, ended } = launchRekey({ here: true });
    await untilTrue('the re-keying to meet the row', isWaitedFor);
    child.kill('SIGKILL');
    expect((await ended).code).toBeNull();
  });
  expect(await secretsUnder('old')).toBeGreaterThan(0);
}

describe('a key that is changed under load, by a re-keying that is killed', () => {
  test('keeps every secret usable, and in the end the old key is needed by nothing', async () => {
    const load = keepDelivering();
    // It ends the secret from before the rotation, which is one fewer then.
    await load.first;
    const total = (await secretsUnder('old')) + (await secretsUnder('first'));
    expect(await secretsUnder('old')).toBe(total);
    expect((await world.api.call('GET', '/metrics')).text).toContain(`tributary_secrets{key="old"} ${total}`);

    // The service dies with a batch done and another under way.
    const { next } = await world.api.post<{ readonly next: string }>('/api/secret-keys/rekey/', {});
    const second = world.api.post('/api/secret-keys/rekey/', { after: next }).catch(() => undefined);
    const [web] = world.service.webs;
    await web?.kill();
    await second;
    if (web !== undefined) await world.service.startAgain(web, keys(NEW, OLD));
    const left = await secretsUnder('old');
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(total);

    if (serverUrl !== undefined) await killInTheMiddle();
    const { code, stdout } = await launchRekey().ended;

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ unreadable: [], remaining: 0 });
    expect([await secretsUnder('first'), await secretsUnder('old')]).toEqual([total, 0]);
    const statuses = await load.stop();
    expect(statuses[202]).toBeGreaterThan(0);
    expect(Object.keys(statuses).filter((status) => !['0', '202', '503'].includes(status))).toEqual([]);
  });

  test('afterwards everything works with the new key alone', async () => {
    for (const process of await stopAll()) await world.service.startAgain(process, keys(NEW));

    const pushed = await world.push(repository, { 'config_contexts/a.json': context('Rekeyed', { mtu: 9_000 }) });

    expect(await finalStatus(world.forge, pushed)).toMatchObject({ state: 'success' });
    await stopAll();
    const opened = await inDatabase((database) => openEvery(database, createVault([NEW])));
    expect(ids.map((id) => opened[`credentials.secret ${id}`])).toEqual(seeded);
  });

  test('no secret and no key was said on the way', () => {
    const texts = [...said, world.service.output()];

    expect(said.some((text) => text.includes('"resealed"'))).toBe(true);
    expect(canariesIn(texts, [CANARY, hookSecret, OLD.toString('base64'), NEW.toString('base64')])).toEqual([]);
    expect(texts.filter((text) => text.includes('ghp_Seeded') || text.includes(Buffer.from('ghp_Seeded').toString('hex')))).toEqual([]);
  });
});
