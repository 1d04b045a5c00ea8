import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { Scope } from './scope.ts';

/** An empty database of the test's own on a server; dropped at the end. Its URL. */
export async function freshDatabase(scope: Scope, serverUrl: string): Promise<string> {
  const name = `flow_${randomBytes(6).toString('hex')}`;
  await runSql(serverUrl, `create database ${name}`);
  scope.defer(() => runSql(serverUrl, `drop database if exists ${name} with (force)`));
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** One statement over a connection of its own: the view from outside, whatever the service's own pool is doing. */
export async function runSql(
  url: string,
  statement: string,
  values: readonly unknown[] = [],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(statement, [...values]);
    return rows;
  } finally {
    await client.end();
  }
}
