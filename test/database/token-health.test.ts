import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { checkTokens } from '#app/examine/tokens.ts';
import { createTokenSources } from '#app/token-sources.ts';
import { createVault } from '#credentials/vault.ts';
import type { Database } from '#db/database.ts';
import { readTokenHealth } from '#observe/tokens/store.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { seedTokens } from '#test/support/sealed.ts';
import { seedOrganization } from '#test/support/seed.ts';

vi.setConfig(PATIENCE);
let database: Database;
let organizationId = '';
beforeAll(async () => {
  database = await openTestDatabase();
  ({ organizationId } = await seedOrganization(database, 'house'));
});
afterAll(() => database.close());

async function seed(name: string, change: string): Promise<void> {
  const [id = ''] = await seedTokens(database, createVault([randomBytes(32)]), organizationId, ['secret'], name);
  await sql`update credentials set verified_at = clock_timestamp(), state = 'ok' where id = ${id}`.execute(database.kysely);
  await sql`update credentials set ${sql.raw(change)} where id = ${id}`.execute(database.kysely);
}

test('what needs somebody is a line each, the worst first, and what is well is none', async () => {
  await seed('well', "expires_at = clock_timestamp() + interval '90 days'");
  await seed('soon', "expires_at = clock_timestamp() + interval '59 hours'");
  await seed('over', "expires_at = clock_timestamp() - interval '1 hour'");
  await seed('refused', "state = 'revoked', reason = 'bad_credentials'");
  await seed('away', "reason = 'unreachable'");
  await seed('old', "verified_at = clock_timestamp() - interval '4 days'");
  await seed('lost', "rotation_state = 'unknown', state = 'unverified'");
  await seed('elsewhere', `token_from = '{"env": "NOT_LISTED"}'`);
  const read = createTokenSources({ tokenVariables: [], tokenFiles: undefined });

  const checks = (await checkTokens(database, read)).filter(({ name }) => name === 'tokens');

  expect(checks.map(({ state, detail }) => [state, /"([a-z]+)"/.exec(detail)?.[1]])).toEqual([
    ['fail', 'lost'],
    ['fail', 'refused'],
    ['fail', 'over'],
    ['warn', 'away'],
    ['warn', 'old'],
    ['warn', 'soon'],
    ['fail', 'elsewhere'],
  ]);
  expect(checks.find(({ detail }) => detail.includes('"soon"'))?.detail).toContain('ends in 3 days');
  expect(checks.at(-1)?.help).toContain('TRIBUTARY_TOKEN_VARIABLES');
});

test('metrics name at most twenty tokens, those that end next', async () => {
  for (let number = 0; number < 25; number++)
    await seed(`many-${number}`, `expires_at = clock_timestamp() + interval '${number + 1} hours'`);

  const { ending } = await readTokenHealth(database);

  expect(ending).toHaveLength(20);
  expect(ending[0]?.seconds).toBeLessThan(0);
  expect(ending.map(({ seconds }) => seconds)).toEqual(ending.map(({ seconds }) => seconds).toSorted((one, other) => one - other));
});
