import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Remote } from './git.ts';
import { git, timed } from './git.ts';
import type { Server } from './postgres.ts';
import { query } from './postgres.ts';
import type { Scope } from './scope.ts';

/** What a first import consists of, each done by the plainest tool there is, one after the other. In milliseconds. */
export interface Stages {
  readonly clone: number;
  readonly read: number;
  readonly parse: number;
  /** undefined without PostgreSQL. */
  readonly copy: number | undefined;
}

/** The rows that an import wrote, and where. */
export interface WrittenRows {
  readonly server: Server;
  readonly databaseUrl: string;
  readonly repositoryId: string;
}

const PARSER = fileURLToPath(new URL('../references/parse-once.ts', import.meta.url));
const run = promisify(execFile);
const LIST_AND_READ = `git -C "$1" ls-tree -r --format='%(objectname)' main | git -C "$1" cat-file --batch --buffer`;

export async function measureStages(scope: Scope, remote: Remote, written: WrittenRows | undefined): Promise<Stages> {
  const folder = scope.folder('stages');
  const bare = join(folder, 'bare.git');
  const clone = await timed(() => git(['clone', '--quiet', '--bare', remote.url, bare], { remote }));
  const read = await timed(() => run('sh', ['-c', `${LIST_AND_READ} >/dev/null`, 'sh', bare]));
  const { stdout } = await run('sh', ['-c', `${LIST_AND_READ} | "$2" "$3"`, 'sh', bare, process.execPath, PARSER]);
  const parse = Number(/ in ([\d.]+) ms/.exec(stdout)?.[1]);
  const copy = written === undefined ? undefined : await measureCopy(join(folder, 'rows'), written);
  return { clone, read, parse, copy };
}

export function sumOf({ clone, read, parse, copy }: Stages): number {
  return clone + read + parse + (copy ?? 0);
}

/** The same rows into one table that has a primary key and no other index: we write three tables with all of theirs. */
async function measureCopy(file: string, { server, databaseUrl, repositoryId }: WrittenRows): Promise<number> {
  await query(databaseUrl, 'create table if not exists plain_versions (like object_versions including identity, primary key (id))');
  await query(databaseUrl, 'truncate plain_versions');
  await query(databaseUrl, 'checkpoint');
  const columns = 'object_id, line_id, from_import, kind, key, name, path, line_number, schema_name, body, hash';
  const rows = `select v.${columns.replaceAll(', ', ', v.')} from object_versions v join objects o on o.id = v.object_id where o.repository_id = '${repositoryId}'`;
  const psql = (command: string): Promise<unknown> => run(server.psql, ['-qX', '-c', command], { env: connectionOf(databaseUrl) });
  await psql(`\\copy (${rows}) to '${file}'`);
  return timed(() => psql(`\\copy plain_versions (${columns}) from '${file}'`));
}

/** Arguments can be read by everybody on the machine; the environment cannot. */
function connectionOf(databaseUrl: string): NodeJS.ProcessEnv {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  return {
    PATH: process.env['PATH'],
    PGHOST: hostname,
    PGPORT: port === '' ? '5432' : port,
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: decodeURIComponent(pathname.slice(1)),
  };
}
