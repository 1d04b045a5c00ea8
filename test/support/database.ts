import { randomBytes } from 'node:crypto';
import { constants, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { inject } from 'vitest';
import type { Database } from '#db/database.ts';
import { openEmbedded } from '#db/embedded.ts';
import { openPostgres } from '#db/postgres.ts';
import type { TestDatabaseSource } from './global-setup.ts';

const log = pino({ level: 'silent' });

/**
 * A migrated, empty database of the caller's own: the embedded one, or a clone on the server of TEST_DATABASE_URL.
 * Call it once per test file. `close` also removes it; on PostgreSQL `database.boss.url` opens it a second time.
 */
export async function openTestDatabase(): Promise<Database> {
  const source = inject('testDatabase');
  return source.kind === 'embedded' ? openCopy(source.folder) : openClone(source);
}

async function openCopy(prepared: string): Promise<Database> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tributary-test-'));
  cpSync(prepared, dataDir, { recursive: true, mode: constants.COPYFILE_FICLONE });
  const database = await openEmbedded({ dataDir, log });
  return {
    ...database,
    close: async () => {
      await database.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function openClone({ serverUrl, template }: Extract<TestDatabaseSource, { kind: 'postgres' }>): Promise<Database> {
  const name = `tributary_test_${randomBytes(6).toString('hex')}`;
  await onServer(serverUrl, `create database ${name} template ${template}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const database = openPostgres({ url: url.href, maxConnections: 8, log });
  return {
    ...database,
    close: async () => {
      await database.close();
      await onServer(serverUrl, `drop database if exists ${name} with (force)`);
    },
  };
}

async function onServer(serverUrl: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
