import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { SpawnedForge } from '#test/forge/client.ts';
import { spawnForge } from '#test/forge/client.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { tributary } from './command.ts';
import { startService } from './service.ts';
import type { RunningService } from './service.ts';

vi.setConfig(PATIENCE);
const ADMIN = randomBytes(24).toString('hex');
const scope = openScope();
let forge: SpawnedForge;
let service: RunningService;
let dataDir = '';
const ids: Record<string, { readonly there: number; readonly secret: string }> = {};

const inDays = (days: number): string => new Date(Date.now() + (days - 0.5) * 86_400_000).toISOString();

async function add(name: string, expires_at?: string): Promise<void> {
  const there = await forge.createToken({ kind: 'classic', login: name, scopes: ['repo'] });
  ids[name] = { there: there.id, secret: there.token };
  const answer = await fetch(`${service.url}/api/organizations/default/git-tokens/`, {
    method: 'POST',
    headers: { authorization: `Token ${ADMIN}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      name,
      provider: 'github',
      url: forge.url,
      token: there.token,
      ...(expires_at === undefined ? {} : { expires_at }),
    }),
  });
  expect(answer.status).toBe(201);
}

beforeAll(async () => {
  forge = await spawnForge();
  scope.defer(() => forge.stop());
  dataDir = scope.folder('tokens');
  service = await startService({
    env: { TRIBUTARY_DATA_DIR: dataDir, TRIBUTARY_ADMIN_TOKEN: ADMIN, TRIBUTARY_ALLOWED_HOSTS: '127.0.0.1' },
  });
  scope.defer(() => service.stop());
  await add('without-end');
  await add('far', inDays(60));
});
afterAll(() => scope.close());

const tokens = (...args: readonly string[]) =>
  tributary(['tokens', ...args], { env: { TRIBUTARY_DATA_DIR: dataDir, TRIBUTARY_ALLOWED_HOSTS: '127.0.0.1' } });

describe('tributary tokens', () => {
  test('check is silent and exits with 0 while no token needs anybody', async () => {
    expect(await tokens('check', '--expires-within', '30d')).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('check names what ends within the time, and exits with 1', async () => {
    const { code, stdout } = await tokens('check', '--expires-within', '9w');

    expect(code).toBe(1);
    expect(stdout).toMatch(/^\S+ +far +github +\d{4}-\d\d-\d\d \(in 60 days\) +0 repositories\n$/);
  });

  test.each(['30', 'soon', '-1d', '30 d'])('check does not take %s for a time, and exits with 2', async (time) => {
    const { code, stdout, stderr } = await tokens('check', `--expires-within=${time}`);

    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('30d');
  });

  test('list prints every token with its state, and no secret', async () => {
    const { code, stdout } = await tokens('list');
    const json = await tokens('list', '--json');

    expect(code).toBe(0);
    expect(stdout).toMatch(/ok +far .*\nok +without-end +github +no known end/);
    expect(JSON.parse(json.stdout).tokens).toMatchObject([{ name: 'far' }, { name: 'without-end', expires_at: null }]);
    for (const { secret } of Object.values(ids)) expect(stdout + json.stdout).not.toContain(secret);
  });

  test('verify asks the provider, exits with 1 when it refuses, and check knows from then on', async () => {
    expect((await tokens('verify', 'far')).code).toBe(0);
    await forge.changeToken(ids['far']?.there ?? 0, { revoked: true });

    const verified = await tokens('verify', 'far', '--json');
    const checked = await tokens('check', '--json');

    expect([verified.code, JSON.parse(verified.stdout)]).toMatchObject([1, { ok: false, tokens: [{ name: 'far', state: 'revoked' }] }]);
    expect([checked.code, JSON.parse(checked.stdout)]).toMatchObject([
      1,
      { ok: false, checked: 2, tokens: [{ reason: 'bad_credentials' }] },
    ]);
  });

  test('verify of a token that is not there, and an organization that is not, exit with 2', async () => {
    expect((await tokens('verify', 'nobody')).code).toBe(2);
    expect((await tokens('check', '--organization', 'nobody')).code).toBe(2);
  });

  test('doctor names the token that is refused', async () => {
    const { code, stdout } = await tributary(['doctor', '--json'], {
      env: { TRIBUTARY_DATA_DIR: dataDir, TRIBUTARY_ALLOWED_HOSTS: '127.0.0.1' },
    });

    expect(code).toBe(1);
    expect(JSON.parse(stdout).checks).toContainEqual(
      expect.objectContaining({
        name: 'tokens',
        state: 'fail',
        detail: expect.stringContaining('The github token "far" of default is refused'),
      }),
    );
  });
});
