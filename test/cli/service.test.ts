import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { isAlive } from '#cli/client/discover.ts';
import { spawnForge } from '#test/forge/client.ts';
import { freshDatabase } from '#test/support/fresh-database.ts';
import { PATIENCE } from '#test/support/patience.ts';
import type { Scope } from '#test/support/scope.ts';
import { openScope } from '#test/support/scope.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { until, untilTrue } from '#test/support/until.ts';
import { LAUNCHER, outputUntil, tributary } from './command.ts';
import { findOldNode } from './old-node.ts';
import { startService } from './service.ts';

vi.setConfig(PATIENCE);

let scope: Scope;
let dataDir = '';
beforeEach(() => {
  scope = openScope();
  dataDir = scope.folder('serve');
});
afterEach(() => scope.close());

const env = (more: Readonly<Record<string, string>> = {}) => ({ TRIBUTARY_DATA_DIR: dataDir, LOG_LEVEL: 'error' as const, ...more });

const postgres = async () =>
  env({ DATABASE_URL: await freshDatabase(scope, TEST_SERVER_URL ?? ''), TRIBUTARY_SECRET_KEYS: Buffer.alloc(32, 7).toString('base64') });

test('serve says where it listens and what the embedded database is not good for, leaves its address and token for commands, and ends with 0 when it is asked to', async () => {
  const service = await startService({ env: env() });
  const file = JSON.parse(readFileSync(join(dataDir, 'service.json'), 'utf8'));
  const answer = await fetch(`${service.url}/healthz`);

  expect(answer.status).toBe(200);
  for (const word of ['One process only', 'power failure', 'npx tributary import', join(dataDir, 'local-token')]) {
    expect(service.greeting).toContain(word);
  }
  expect(file).toEqual({ url: service.url, pid: service.child.pid, started_at: expect.any(String) });
  expect(statSync(join(dataDir, 'local-token')).mode & 0o777).toBe(0o600);
  expect(statSync(join(dataDir, 'service.json')).mode & 0o777).toBe(0o600);

  expect(await service.stop()).toBe(0);
  expect(existsSync(join(dataDir, 'service.json'))).toBe(false);
});

test('a second process on the same folder is refused with the number of the first, exit code 2', async () => {
  const service = await startService({ env: env() });
  scope.defer(() => service.stop());

  const migrate = await tributary(['migrate'], { env: env() });

  expect(migrate).toMatchObject({ code: 2, stdout: '' });
  expect(migrate.stderr).toContain(`in use by process ${service.child.pid}`);
});

test('a port that is taken is told in words, exit code 2, and the folder is free again', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  scope.defer(() => void other.close());
  const { port } = other.address() as AddressInfo;

  const ended = await tributary(['serve'], { env: env({ PORT: String(port) }) });

  expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('The port is in use') });
  expect(existsSync(join(dataDir, 'lock'))).toBe(false);
});

test.each(['', 'below'])('a data folder that is a file is told in words, exit code 2 (%s)', async (below) => {
  const file = join(dataDir, 'file');
  writeFileSync(file, '');

  const ended = await tributary(['serve'], { env: env({ TRIBUTARY_DATA_DIR: join(file, below) }) });

  expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('TRIBUTARY_DATA_DIR') });
  expect(ended.stderr).not.toMatch(/^ +at /m);
});

test('a second signal ends a service at once that waits for something to end', async () => {
  const forge = await spawnForge();
  scope.defer(() => forge.stop());
  await forge.addFault({ target: 'git', action: { kind: 'hang' } });
  const { clone_url: url } = await forge.createRepository({ owner: 'acme', name: 'slow', private: false, files: { 'a.txt': 'a' } });
  const service = await startService({ env: env({ TRIBUTARY_ALLOWED_HOSTS: '127.0.0.1' }) });
  const token = readFileSync(join(dataDir, 'local-token'), 'utf8').trim();
  await fetch(`${service.url}/api/extras/git-repositories/`, {
    method: 'POST',
    headers: { authorization: `Token ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'slow', remote_url: url }),
  });
  await untilTrue('Git to hang', async () => Object.keys(await forge.requests()).some((request) => request.includes('slow.git')));

  // Signals that come close together count as one, so some of these are not heard.
  service.child.kill('SIGTERM');
  const code = await until('the service to end', () => {
    if (service.child.exitCode === null) service.child.kill('SIGTERM');
    return service.child.exitCode ?? undefined;
  });

  expect(code).toBe(1);
});

test('migrate says what it applied, and the second time and together that there is nothing to do', async () => {
  const first = await tributary(['migrate'], { env: env() });
  const [one, other] = await Promise.all([tributary(['migrate'], { env: env() }), tributary(['migrate'], { env: env() })]);

  expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/^applied {2}0001-\S+\n/) });
  for (const again of [one, other]) expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('up to date') });
});

const oldNode = findOldNode();

test('a service that npm started ends with the shell that npm ran it in, which passes no signal on', async () => {
  const shell = spawn('sh', ['-c', '"$0" "$@"; true', process.execPath, LAUNCHER, 'serve'], {
    env: { PATH: process.env['PATH'], npm_lifecycle_event: 'start', ...env({ PORT: '0' }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await outputUntil(shell, /Stop +Ctrl-C/);
  const { pid }: { readonly pid: number } = JSON.parse(readFileSync(join(dataDir, 'service.json'), 'utf8'));
  scope.defer(() => {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });

  shell.kill('SIGTERM');

  await untilTrue('the service to end', () => !isAlive(pid));
  expect(existsSync(join(dataDir, 'lock'))).toBe(false);
});

describe.skipIf(oldNode === undefined)('under the launcher (skipped where no Node is too old)', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s reaches the service, whose exit code is passed on', async (signal) => {
    const service = await startService({ env: env(), node: oldNode });

    expect(await service.stop(signal)).toBe(0);
  });

  test('a launcher that is killed leaves no service behind', async () => {
    const launcher = spawn(oldNode ?? '', [LAUNCHER, 'serve'], {
      env: { PATH: process.env['PATH'], ...env({ PORT: '0' }) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await outputUntil(launcher, /Stop +Ctrl-C/);
    const { pid }: { readonly pid: number } = JSON.parse(readFileSync(join(dataDir, 'service.json'), 'utf8'));

    launcher.kill('SIGKILL');

    await untilTrue('the service to end', () => !isAlive(pid));
    expect(existsSync(join(dataDir, 'service.json'))).toBe(false);
  });
});

describe.runIf(TEST_SERVER_URL !== undefined)('on PostgreSQL', () => {
  test.each(['web', 'worker'])('%s refuses a schema that is not up to date and says what to run', async (command) => {
    const ended = await tributary([command], { env: { ...(await postgres()), PORT: '0' } });

    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('npx tributary migrate') });
  });

  test('several migrate at once: each succeeds, and each migration is applied by one of them', async () => {
    const setting = { env: await postgres() };

    const ended = await Promise.all([1, 2, 3].map(() => tributary(['migrate'], setting)));

    for (const { code, stderr } of ended) expect({ code, stderr }).toMatchObject({ code: 0 });
    const applied = ended.flatMap(({ stdout }) => stdout.match(/^applied {2}\S+$/gm) ?? []);
    expect(new Set(applied).size).toBe(applied.length);
    expect(applied.length).toBeGreaterThan(0);
  });

  test('a database that cannot be reached is told in words and without its password, exit code 2', async () => {
    const address = 'postgres://ana:hunter2hunter2@127.0.0.1:9/none';

    const ended = await tributary(['migrate'], { env: { ...(await postgres()), DATABASE_URL: address } });

    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('PostgreSQL does not answer') });
    expect(ended.stderr).not.toContain('hunter2');
  });
});
