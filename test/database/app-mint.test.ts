import { randomBytes } from 'node:crypto';
import { v7 as newId } from 'uuid';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Mint } from '#apps/installations/mint.ts';
import { createMint } from '#apps/installations/mint.ts';
import { keepInstallation, outdateTokens } from '#apps/installations/store.ts';
import { saveApp } from '#apps/save.ts';
import { createVault } from '#credentials/vault.ts';
import type { Database } from '#db/database.ts';
import { isFailure } from '#domain/failure.ts';
import { findProvider } from '#providers/registry.ts';
import type { SpawnedForge } from '#test/forge/client.ts';
import { spawnForge } from '#test/forge/client.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { seedOrganization } from '#test/support/seed.ts';

vi.setConfig(PATIENCE);
const vault = createVault([randomBytes(32)]);
let database: Database;
let forge: SpawnedForge;
beforeAll(async () => {
  [database, forge] = await Promise.all([openTestDatabase(), spawnForge()]);
});
afterAll(async () => {
  await forge.stop();
  await database.close();
});

interface Installed {
  readonly mint: Mint;
  readonly organization: string;
  readonly installationId: string;
  readonly remoteId: number;
  /** How often the forge was asked for a token of it. */
  readonly asked: () => Promise<number>;
}

async function install(name: string): Promise<Installed> {
  const organization = `org-${name}`;
  const { organizationId } = await seedOrganization(database, organization);
  const app = await forge.createApp({ owner: name, name });
  const { id: remoteId } = await forge.install({ app: app.id, account: name });
  const id = newId();
  const unknown = { slug: app.slug, ownerLogin: undefined, webUrl: undefined, clientId: undefined, clientSecret: undefined };
  const secrets = { privateKey: app.pem ?? '', webhookSecret: app.webhook_secret ?? '' };
  const installationId = await database.transaction(async (tx) => {
    await saveApp({ vault }, tx, {
      ...unknown,
      ...secrets,
      id,
      hookId: id,
      organizationId,
      url: forge.url,
      remoteId: String(app.id),
      name,
      source: 'manifest',
    });
    const account = { id: '1', login: name, type: 'Organization' };
    return keepInstallation(tx, { id: newId(), organizationId, appId: id, remoteId: String(remoteId), account });
  });
  const path = `POST /api/v3/app/installations/${remoteId}/access_tokens`;
  const mint = createMint({ database, vault, findProvider, fetch: globalThis.fetch });
  return { mint, organization, installationId, remoteId, asked: async () => (await forge.requests())[path] ?? 0 };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'minted';
  } catch (error) {
    return isFailure(error) ? error.code : String(error);
  }
}

test('however many ask, and however often, the provider is asked once, until the installation changes', async () => {
  const { mint, asked, ...installed } = await install('once');
  const request = { ...installed, repositoryRemoteId: undefined };

  const tokens = await Promise.all(Array.from({ length: 20 }, () => mint(request)));
  tokens.push(await mint(request));
  const before = await asked();
  await outdateTokens(database, installed.installationId);
  const other = await mint(request);

  expect(new Set(tokens).size).toBe(1);
  expect(before).toBe(1);
  expect(other).not.toBe(tokens[0]);
  expect(await asked()).toBe(2);
});

test('another organization gets no token of an installation, whatever it names', async () => {
  const { mint, installationId, asked } = await install('mine');
  await seedOrganization(database, 'org-theirs');

  expect(await codeOf(mint({ organization: 'org-theirs', installationId, repositoryRemoteId: undefined }))).toBe('AUTH_REVOKED');
  expect(await asked()).toBe(0);
});

test('a refusal is not remembered: the next who asks asks the provider', async () => {
  const { mint, remoteId, ...installed } = await install('again');
  const request = { ...installed, repositoryRemoteId: undefined };
  await forge.changeInstallation(remoteId, { suspended: true });

  const refused = await codeOf(mint(request));
  await forge.changeInstallation(remoteId, { suspended: false });

  expect(refused).toBe('AUTH_REVOKED');
  expect(await codeOf(mint(request))).toBe('minted');
});

test('neither key nor secret nor token of an App stands in the database as it is', async () => {
  const { mint, organization, installationId } = await install('sealed');
  const token = await mint({ organization, installationId, repositoryRemoteId: undefined });

  const rows = await Promise.all([
    database.kysely.selectFrom('apps').selectAll().execute(),
    database.kysely.selectFrom('app_installations').selectAll().execute(),
    database.kysely.selectFrom('hooks').selectAll().execute(),
  ]);

  const text = rows
    .flat()
    .flatMap((row) =>
      Object.values(row).map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : JSON.stringify(value))),
    );
  expect(text.length).toBeGreaterThan(20);
  expect(text.filter((value) => value.includes('PRIVATE KEY') || value.includes(token))).toEqual([]);
});
