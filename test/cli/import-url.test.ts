import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { ImportReport } from '#cli/render/import-report.ts';
import { context } from '#test/support/content-files.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import type { World } from '#test/support/world.ts';
import { OWNER, startWorld } from '#test/support/world.ts';
import type { Ended } from './command.ts';
import { tributary } from './command.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
let world: World;
beforeAll(async () => {
  world = await startWorld(scope);
});
afterAll(() => scope.close());

const FILES = { 'config_contexts/a.json': context('first') };

/** The command as a client of the service that was started. */
async function importUrl(...args: readonly string[]): Promise<Ended & { readonly report: ImportReport | undefined }> {
  const env = { TRIBUTARY_URL: world.service.url, TRIBUTARY_TOKEN: world.service.adminToken };
  const ended = await tributary(['import', '--json', ...args], { env });
  const report: ImportReport | undefined = ended.stdout === '' ? undefined : JSON.parse(ended.stdout);
  return { ...ended, report };
}

async function makeRemote(
  name: string,
  files: Readonly<Record<string, string>>,
  isPrivate = true,
): Promise<{ readonly url: string; readonly head: string }> {
  const remote = await world.forge.createRepository({ owner: OWNER, name, private: isPrivate, files });
  return { url: remote.clone_url, head: remote.head ?? '' };
}

test('an address is registered once, found by its other spelling, and the second run says that nothing changed', async () => {
  const { url, head } = await makeRemote('registered-once', { 'config_contexts/a.json': context('once') });

  const first = await importUrl(url, '--credential', 'forge');
  const ids = await world.api.contexts(first.report?.repository.id ?? '');
  const second = await importUrl(url.replace(/\.git$/, ''), '--credential', 'forge');

  expect(first).toMatchObject({
    code: 0,
    report: {
      status: 'success',
      service: world.service.url,
      repository: { name: 'registered-once', state: 'registered' },
      commit: head,
      counts: { added: 1 },
      changes: [{ action: 'added', kind: 'config-context', name: 'once', path: 'config_contexts/a.json', line: 1 }],
      changes_truncated: false,
    },
  });
  expect(second).toMatchObject({
    code: 0,
    report: { repository: { id: first.report?.repository.id, state: 'found' }, counts: { added: 0, changed: 0, removed: 0 } },
  });
  expect(await world.api.contexts(first.report?.repository.id ?? '')).toEqual(ids);
});

test('what was pushed meanwhile is imported and named', async () => {
  const { url } = await makeRemote('moves-on', {
    'config_contexts/a.json': context('moves-a'),
    'config_contexts/b.json': context('moves-b'),
  });
  const first = await importUrl(url, '--credential', 'forge');
  await world.forge.push({
    repository: `${OWNER}/moves-on`,
    branch: 'main',
    files: { 'config_contexts/a.json': context('moves-a', { mtu: 9_000 }) },
    delete: ['config_contexts/b.json'],
    silent: true,
  });

  const { report } = await importUrl(url);

  expect(report).toMatchObject({ previous_commit: first.report?.commit, counts: { added: 0, changed: 1, removed: 1 } });
  expect(report?.changes.map(({ action, name }) => `${action} ${name}`)).toEqual(['changed moves-a', 'removed moves-b']);
});

test('a dry run of an address that is not registered shows the difference and leaves neither repository nor hook', async () => {
  const { url, head } = await makeRemote('dry-only', { 'config_contexts/a.json': context('dry-only', { mtu: 1_500 }) });

  const { code, report } = await importUrl(url, '--credential', 'forge', '--dry-run', '--exit-code');

  expect(code).toBe(3);
  expect(report).toMatchObject({ dry_run: true, repository: { state: 'temporary' }, commit: head, counts: { added: 1 } });
  expect(report?.changes[0]?.fields?.length).toBeGreaterThan(0);
  expect(await world.api.list(`/api/extras/git-repositories/?remote_url=${encodeURIComponent(url)}`)).toEqual([]);
  const writes = await world.forge.effects();
  expect(writes.filter((effect) => JSON.stringify(effect).includes('dry-only') && JSON.stringify(effect).includes('hook'))).toEqual([]);
});

test('another repository of the same name gets a name of its own', async () => {
  const { url } = await makeRemote('namesake', { 'config_contexts/a.json': context('namesake-a') });
  const { clone_url: other } = await world.forge.createRepository({
    owner: 'other',
    name: 'namesake',
    files: { 'config_contexts/a.json': context('namesake-b') },
  });

  const first = await importUrl(url, '--credential', 'forge');
  const second = await importUrl(other, '--credential', 'forge');

  expect(first).toMatchObject({ code: 0, report: { repository: { name: 'namesake' } } });
  expect(second).toMatchObject({ code: 0, report: { repository: { name: 'namesake-2' } } });
});

test('two registrations of one address are told apart by their folder, and not guessed', async () => {
  const { url } = await makeRemote('two-folders', {
    'north/config_contexts/a.json': context('two-north'),
    'south/config_contexts/a.json': context('two-south'),
  });
  const north = await importUrl(url, '--credential', 'forge', '--path-prefix', 'north');
  const south = await importUrl(url, '--credential', 'forge', '--path-prefix', 'south', '--name', 'southern');

  const again = await importUrl(url, '--path-prefix', 'south/');
  const named = await importUrl(url, '--name', 'two-folders');
  const either = await importUrl(url);

  expect(north).toMatchObject({ code: 0, report: { repository: { name: 'two-folders' }, counts: { added: 1 } } });
  expect(south).toMatchObject({ code: 0, report: { repository: { name: 'southern' }, counts: { added: 1 } } });
  expect(again.report?.repository.id).toBe(south.report?.repository.id);
  expect(named.report?.repository.id).toBe(north.report?.repository.id);
  expect(either).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/southern[\s\S]*two-folders[\s\S]*--name/) });
});

test('another ref than the registered one is not taken for it', async () => {
  const { url } = await makeRemote('one-ref', { 'config_contexts/a.json': context('one-ref') });
  await importUrl(url, '--credential', 'forge', '--ref', 'main');

  expect(await importUrl(url, '--ref', 'next')).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('follows main, not next'),
  });
});

test('what stops a run is told with its code and what to do, exit code 1', async () => {
  const { url } = await makeRemote('no-such-ref', FILES);

  const { code, report } = await importUrl(url, '--credential', 'forge', '--ref', 'nowhere');

  expect(code).toBe(1);
  expect(report).toMatchObject({
    status: 'failure',
    commit: null,
    counts: null,
    error: { code: 'REF_NOT_FOUND', help: expect.any(String) },
  });
});

test('a credential that does not exist is a wrong call, and nothing is registered', async () => {
  const { url } = await makeRemote('no-credential', FILES);

  expect(await importUrl(url, '--credential', 'nobody')).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('credential'),
  });
  expect(await world.api.list(`/api/extras/git-repositories/?remote_url=${encodeURIComponent(url)}`)).toEqual([]);
});

test('a wrong token is a wrong call', async () => {
  const { url } = await makeRemote('wrong-token', FILES);

  const ended = await tributary(['import', url, '--url', world.service.url], { env: { TRIBUTARY_TOKEN: 'x'.repeat(40) } });

  expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('TRIBUTARY_TOKEN') });
});

test('without a service the application runs in the command itself, and finds again what it imported', async () => {
  const { url, head } = await makeRemote('own-process', { 'config_contexts/a.json': context('own') }, false);
  const env = { TRIBUTARY_DATA_DIR: scope.folder('own'), TRIBUTARY_ALLOWED_HOSTS: '127.0.0.1' };

  const first = await tributary(['import', url], { env });
  const second = await tributary(['import', url, '--json'], { env });

  expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/Imported at commit .*1 added[\s\S]*\+ config context {2}own/) });
  expect(first.stdout).not.toContain('http://');
  expect(JSON.parse(second.stdout)).toMatchObject({
    status: 'success',
    service: null,
    commit: head,
    repository: { state: 'found' },
    counts: { added: 0, changed: 0, removed: 0 },
  });
});
