import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PATIENCE } from '#test/support/patience.ts';
import type { Scope } from '#test/support/scope.ts';
import { openScope } from '#test/support/scope.ts';
import { tributary } from './command.ts';
import { startService } from './service.ts';

vi.setConfig(PATIENCE);
const [OLD, NEW] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
const TOKEN = 'ghp_SecretOfTheRekeyTest0000000000000000';
const ADMIN = randomBytes(24).toString('hex');
const REKEY = ['secrets', 'rekey'];

let scope: Scope;
let dataDir = '';
beforeEach(() => {
  scope = openScope();
  dataDir = scope.folder('rekey');
});
afterEach(() => scope.close());

const env = (...keys: readonly string[]) => ({
  TRIBUTARY_DATA_DIR: dataDir,
  TRIBUTARY_SECRET_KEYS: keys.join(','),
  TRIBUTARY_ADMIN_TOKEN: ADMIN,
  LOG_LEVEL: 'warn',
});

async function rekey(keys: readonly string[], ...options: readonly string[]) {
  const { code, stdout, stderr } = await tributary([...REKEY, ...options], { env: env(...keys) });
  for (const secret of [TOKEN, OLD, NEW]) expect(`${stdout}${stderr}`).not.toContain(secret);
  return { code, stdout, stderr };
}

async function serving(keys: readonly string[]) {
  const service = await startService({ env: env(...keys) });
  scope.defer(() => service.stop());
  return service;
}

async function storeToken(url: string): Promise<void> {
  const answer = await fetch(`${url}/api/organizations/default/git-tokens/`, {
    method: 'POST',
    headers: { authorization: `Token ${ADMIN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'main', provider: 'github', token: TOKEN }),
  });
  expect(answer.status).toBe(201);
}

test('a key is changed on a running service and without one, and is needed no more', async () => {
  const old = await serving([OLD]);
  await storeToken(old.url);
  // The service that runs has the old key in front: what it could do is nothing, and would be taken for all.
  expect(await rekey([NEW, OLD])).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('Restart every process') });
  await old.stop();

  expect((await rekey([NEW, OLD], '--dry-run', '--exit-code')).code).toBe(3);
  const running = await serving([NEW, OLD]);
  expect(running.greeting).toMatch(/1 stored secrets stand under an older key/);
  const { code, stdout } = await rekey([NEW, OLD], '--json');

  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    dry_run: false,
    service: running.url,
    resealed: 1,
    unreadable: [],
    keys: {
      before: [
        { role: 'first', secrets: 0 },
        { role: 'old', secrets: 1 },
      ],
      after: [
        { role: 'first', secrets: 1 },
        { role: 'old', secrets: 0 },
      ],
    },
  });
  await running.stop();
  const again = await rekey([NEW, OLD]);
  expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/0 sealed anew[\s\S]*may be taken out of TRIBUTARY_SECRET_KEYS/) });
  expect((await rekey([NEW], '--dry-run', '--exit-code')).code).toBe(0);
});

test('a secret whose key is gone is named, exit code 1, and a start says so', async () => {
  const service = await serving([OLD]);
  await storeToken(service.url);
  await service.stop();

  const { code, stdout } = await rekey([NEW]);

  expect(code).toBe(1);
  expect(stdout).toMatch(/cannot be opened {2}credentials [0-9a-f-]{36} "main"/);
  const { greeting } = await serving([NEW]);
  expect(greeting).toMatch(/1 stored secrets open with no key of TRIBUTARY_SECRET_KEYS/);
});

test('where there is no database nothing is made, and a wrong call is told', async () => {
  expect(await rekey([NEW])).toMatchObject({ code: 2, stderr: expect.stringContaining('no database') });
  expect(await rekey([NEW], '--exit-code')).toMatchObject({ code: 2 });
  expect(await rekey(['short'])).toMatchObject({ code: 2, stderr: expect.stringContaining('TRIBUTARY_SECRET_KEYS') });
  expect(existsSync(`${dataDir}/database`)).toBe(false);
});
