import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { canariesIn, canaryForms } from '#test/support/canaries.ts';
import { context } from '#test/support/content-files.ts';
import { filesBelow } from '#test/support/files-below.ts';
import { textOfDatabase } from '#test/support/database-text.ts';
import type { Sampler } from '#test/support/processes.ts';
import { sampleProcesses } from '#test/support/processes.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { finalStatus } from '#test/support/statuses.ts';
import { untilTrue } from '#test/support/until.ts';
import type { Registered, World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';

const CANARY = `ghp_${'CanaryTokenOfTheFlowTest'.padEnd(36, '0')}`;
const serverUrl = TEST_SERVER_URL;

vi.setConfig(PATIENCE);
const scope = openScope();
const answers: string[] = [];
const secrets: string[] = [CANARY];
const samplers: Sampler[] = [];
let world: World;

/** Good runs and every common way to fail, so that each place that could say too much has had its chance. */
beforeAll(async () => {
  world = await startWorld(scope, { serverUrl, token: CANARY, env: { SYNC_TIMEOUT_S: '3' }, onAnswer: (text) => answers.push(text) });
  secrets.push(world.service.adminToken);
  for (const { dataDir } of world.service.processes) samplers.push(sampleProcesses(dataDir));
  const good = await world.register('secret-good', { 'config_contexts/a.json': context('Secret') });
  const hook = await world.rotateHook(good);
  // The one answer that is to hold it.
  expect(answers.pop()).toContain(hook.secret);
  secrets.push(hook.secret);
  await finalStatus(world.forge, await world.push(good, { 'config_contexts/a.json': context('Secret', { mtu: 9_000 }) }));
  await finalStatus(world.forge, await world.push(good, { 'config_contexts/a.json': '{"broken' }));
  await failIn({ '401': 401, '403': 403, '404': 404, '500': 500 });
});
afterAll(async () => {
  for (const sampler of samplers) await sampler.stop();
  await scope.close();
});

/** Registers repositories whose Git is answered so, one whose Git hangs, and one whose API is down; waits until each has failed. */
async function failIn(answersOfGit: Readonly<Record<string, number>>): Promise<void> {
  const { api, forge } = world;
  const failing: Registered[] = [];
  for (const [name, status] of Object.entries(answersOfGit)) {
    const action = { kind: 'respond', status, body: { message: 'no' } } as const;
    await forge.addFault({ target: 'git', match: { path: `/acme/secret-${name}` }, action });
    failing.push(await world.registerOnly(`secret-${name}`, { 'config_contexts/a.json': context(name) }));
  }
  await forge.addFault({ target: 'git', match: { path: '/acme/secret-hanging' }, action: { kind: 'hang' } });
  failing.push(await world.registerOnly('secret-hanging', { 'config_contexts/a.json': context('hanging') }));
  await forge.addFault({ target: 'git', match: { path: '/acme/secret-cut.*upload-pack$' }, action: { kind: 'truncate', bytes: 20 } });
  failing.push(await world.registerOnly('secret-cut', { 'config_contexts/a.json': context('cut') }));
  for (const { id, name } of failing) {
    await untilTrue(`${name} to fail`, async () => (await api.runs(id)).some(({ status }) => status.value === 'FAILURE'));
  }
}

test('no secret in any argument or environment that was seen', () => {
  const seen = samplers.flatMap((sampler) => sampler.seen());
  const [serviceOwn, others] = [
    seen.filter((text) => text.includes('TRIBUTARY_ADMIN_TOKEN=')),
    seen.filter((text) => !text.includes('TRIBUTARY_ADMIN_TOKEN=')),
  ];

  expect(others.filter((text) => /git/.test(text)).length).toBeGreaterThan(5);
  expect(canariesIn(others, secrets)).toEqual([]);
  // The service itself was given its own token in its environment by whoever started it, and nothing else.
  expect(
    canariesIn(
      serviceOwn,
      secrets.filter((secret) => secret !== world.service.adminToken),
    ),
  ).toEqual([]);
});

test('no secret in what the processes say', () => {
  expect(world.service.output()).toContain('a sync failed');
  expect(canariesIn([world.service.output()], secrets)).toEqual([]);
});

test('no secret in any answer, whatever is asked', async () => {
  const { api } = world;
  const lists = ['git-repositories', 'job-results', 'config-contexts'].map((name) => `/api/extras/${name}/`);
  const repositories = await api.list<{ readonly id: string }>('/api/extras/git-repositories/');
  const runs = await api.list<{ readonly id: string }>('/api/extras/job-results/');
  for (const path of [
    ...lists,
    ...repositories.flatMap(({ id }) => [`/api/extras/git-repositories/${id}/`, `/api/extras/git-repositories/${id}/webhook/`]),
    ...runs.flatMap(({ id }) => [`/api/extras/job-results/${id}/`, `/api/extras/job-results/${id}/logs/`]),
    '/api/organizations/default/git-tokens/',
    '/api/organizations/default/webhook-deliveries/',
    '/metrics',
    '/readyz',
  ]) {
    await api.call('GET', path);
  }

  expect(answers.length).toBeGreaterThan(20);
  expect(canariesIn(answers, secrets)).toEqual([]);
});

test('no secret in any file: database, mirrors, HOME of Git, what was left lying about', async () => {
  // A stopped database has everything in its files.
  for (const process of world.service.processes) await process.stop();
  const files = world.service.processes.flatMap(({ dataDir }) => filesBelow(dataDir));

  expect(files.some(({ path }) => path.includes('/mirrors/'))).toBe(true);
  expect(files.flatMap(({ path, bytes }) => canariesIn([bytes.toString('latin1')], secrets).map((secret) => `${path}: ${secret}`))).toEqual(
    [],
  );
});

test.runIf(serverUrl !== undefined)('no secret in any column, those of the queue included', async () => {
  const texts = await textOfDatabase(world.service.databaseUrl ?? '');

  expect(texts.some(({ table }) => table.startsWith('pgboss.'))).toBe(true);
  expect(texts.flatMap(({ table, text }) => canariesIn([text], secrets).map((secret) => `${table}: ${secret}`))).toEqual([]);
});

test('the search finds a secret in every form it may take', () => {
  for (const form of canaryForms(CANARY)) expect(canariesIn([`before ${form} after`], [CANARY])).toEqual([CANARY]);
});
