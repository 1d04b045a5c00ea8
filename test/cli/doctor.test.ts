import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Check } from '#domain/check.ts';
import { PATIENCE } from '#test/support/patience.ts';
import type { Scope } from '#test/support/scope.ts';
import { openScope } from '#test/support/scope.ts';
import { tributary } from './command.ts';
import { startService } from './service.ts';

vi.setConfig(PATIENCE);

let scope: Scope;
let dataDir = '';
beforeEach(() => {
  scope = openScope();
  dataDir = scope.folder('doctor');
});
afterEach(() => scope.close());

interface Diagnosis {
  readonly code: number | null;
  readonly ok: boolean;
  readonly checks: readonly Check[];
}

async function doctor(env: Readonly<Record<string, string>> = {}): Promise<Diagnosis> {
  const { code, stdout, stderr } = await tributary(['doctor', '--json'], { env: { TRIBUTARY_DATA_DIR: dataDir, ...env } });
  if (stdout === '') throw new Error(stderr);
  const said: Omit<Diagnosis, 'code'> = JSON.parse(stdout);
  return { code, ...said };
}

const named = ({ checks }: Diagnosis, name: string) => checks.filter((check) => check.name === name);

test('a fresh machine is fit: nothing fails, nothing is made, exit code 0', async () => {
  const fresh = join(dataDir, 'not-there-yet');

  const { code, ok, checks } = await doctor({ TRIBUTARY_DATA_DIR: fresh });

  expect({ code, ok, failed: checks.filter(({ state }) => state === 'fail') }).toEqual({ code: 0, ok: true, failed: [] });
  for (const name of [
    'node',
    'git',
    'configuration',
    'public-url',
    'allowed-hosts',
    'data-folder',
    'disk-space',
    'secret-keys',
    'local-token',
    'service',
    'database',
  ]) {
    expect(checks.map((check) => check.name)).toContain(name);
  }
  expect(existsSync(fresh)).toBe(false);
});

test('every wrong variable is a check of its own, and the rest of the machine is looked at all the same', async () => {
  const diagnosis = await doctor({
    PORT: 'many',
    LOG_LEVEL: 'loud',
    TRIBUTARY_SECRET_KEYS: 'short',
    TRIBUTARY_ALLOWED_HOSTS: 'not a host, 10.0.0.0/8, 0.0.0.0/0',
  });

  expect(diagnosis).toMatchObject({ code: 2, ok: false });
  const problems = named(diagnosis, 'configuration').map(({ state, detail }) => `${state} ${detail}`);
  for (const name of ['PORT', 'LOG_LEVEL', 'TRIBUTARY_SECRET_KEYS'])
    expect(problems).toContainEqual(expect.stringContaining(`fail ${name}: `));
  expect(named(diagnosis, 'allowed-hosts').map(({ state }) => state)).toEqual(['fail', 'fail']);
  expect(named(diagnosis, 'git')).toMatchObject([{ state: 'ok' }]);
});

test('secrets that others can read fail, each with the command that mends it', async () => {
  await tributary(['migrate'], { env: { TRIBUTARY_DATA_DIR: dataDir } });
  for (const [name, text] of [
    ['local-token', 'x'.repeat(43)],
    ['secret-key', Buffer.alloc(32, 1).toString('base64')],
  ] as const) {
    writeFileSync(join(dataDir, name), text);
    chmodSync(join(dataDir, name), 0o644);
  }
  chmodSync(dataDir, 0o755);

  const diagnosis = await doctor();

  expect(diagnosis.code).toBe(1);
  expect(named(diagnosis, 'local-token')).toMatchObject([{ state: 'fail', help: expect.stringContaining('local-token') }]);
  expect(named(diagnosis, 'secret-keys')).toMatchObject([{ state: 'fail', help: expect.stringContaining('chmod 600') }]);
  expect(named(diagnosis, 'data-folder')).toMatchObject([{ state: 'warn', help: expect.stringContaining('chmod 700') }]);
  expect(named(diagnosis, 'schema')).toMatchObject([{ state: 'ok' }]);
  expect(named(diagnosis, 'queue')).toMatchObject([{ state: 'ok' }]);
});

test('a database that cannot be reached fails, without its password', async () => {
  const keys = { TRIBUTARY_SECRET_KEYS: Buffer.alloc(32, 1).toString('base64') };
  const unreachable = await doctor({ ...keys, DATABASE_URL: 'postgres://ana:hunter2hunter2@127.0.0.1:9/none' });

  expect(named(unreachable, 'database')).toMatchObject([{ state: 'fail' }]);
  expect(JSON.stringify(unreachable)).not.toContain('hunter2');
});

test('what a service that was killed left behind is a warning, a service that runs is asked for its database', async () => {
  const service = await startService({ env: { TRIBUTARY_DATA_DIR: dataDir } });
  const running = await doctor();
  await service.stop('SIGKILL');
  const killed = await doctor();

  expect(named(running, 'service')).toMatchObject([{ state: 'ok', detail: expect.stringContaining(service.url) }]);
  expect(named(running, 'database')).toMatchObject([{ state: 'ok' }]);
  expect(named(killed, 'service')).toMatchObject([{ state: 'warn', detail: expect.stringContaining(String(service.child.pid)) }]);
  expect(named(killed, 'schema')).toMatchObject([{ state: 'ok' }]);
});

test('a data folder that is a file fails, and a person reads what to do', async () => {
  const file = join(dataDir, 'file');
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(file, '');

  const { code, stdout } = await tributary(['doctor'], { env: { TRIBUTARY_DATA_DIR: file } });

  expect(code).toBe(1);
  expect(stdout).toMatch(/^fail {2}data-folder {11}.* is not a folder\.\n {28}.*TRIBUTARY_DATA_DIR/m);
});
