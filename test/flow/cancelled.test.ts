import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { RunAnswer } from '#test/support/api-views.ts';
import { context } from '#test/support/content-files.ts';
import { holdTable } from '#test/support/hold-table.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { gitProcessesOf } from '#test/support/processes.ts';
import { openScope } from '#test/support/scope.ts';
import { finalStatus, postedStatuses } from '#test/support/statuses.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { untilTrue } from '#test/support/until.ts';
import type { Registered, World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
let world: World;

beforeAll(async () => {
  world = await startWorld(scope, { serverUrl: TEST_SERVER_URL });
});
afterEach(() => world.forge.clearFaults());
afterAll(() => scope.close());

function worker() {
  const [first] = world.service.workers;
  if (first === undefined) throw new Error('there is no worker');
  return first;
}

const gitOf = ({ id, name }: Registered) =>
  gitProcessesOf(worker()).filter(({ commandLine }) => commandLine.includes(id) || commandLine.includes(`/${name}`));

const hangGit = (name: string, more: { readonly times?: number } = {}) =>
  world.forge.addFault({ target: 'git', match: { path: `/acme/${name}` }, action: { kind: 'hang' }, ...more });

const cancel = (jobResultId: string) => world.api.post<RunAnswer>(`/api/extras/job-results/${jobResultId}/cancel/`);

async function newestRun(repository: Registered): Promise<RunAnswer> {
  const [run] = await world.api.runs(repository.id);
  if (run === undefined) throw new Error('there is no run');
  return run;
}

test('a sync whose Git hangs is cancelled: no process of it is left, what was served stays, and the next sync works', async () => {
  const { api, forge } = world;
  const repository = await world.register('hung', { 'config_contexts/a.json': context('Hung', { mtu: 1 }) });
  await hangGit('hung');
  const commit = await world.push(repository, { 'config_contexts/a.json': context('Hung', { mtu: 2 }) });
  await untilTrue('Git to be at work', () => gitOf(repository).length > 0);
  const hanging = await newestRun(repository);

  await cancel(hanging.id);

  expect(await api.untilEnded(hanging.id)).toMatchObject({
    status: { value: 'REVOKED' },
    error: { code: 'CANCELLED', message: 'Cancelled by Owner.' },
  });
  await untilTrue('Git to be gone', () => gitOf(repository).length === 0);
  const { sync_status: lines, current_head: head } = await api.repository(repository.id);
  expect([lines['main'], head]).toMatchObject([{ state: 'in-sync', last_good_commit: repository.head }, repository.head]);
  expect(await postedStatuses(forge, commit)).toEqual([]);
  expect((await api.logs(hanging.id)).map(({ message }) => message)).toContain('Cancelled by Owner.');

  await forge.clearFaults();
  expect(await api.sync(repository.id)).toMatchObject({ status: { value: 'SUCCESS' }, commit });
  expect(await finalStatus(forge, commit)).toMatchObject({ state: 'success' });
});

test('a first clone that hangs is cancelled, leaves no half mirror behind, and what was asked for meanwhile is imported', async () => {
  const { api } = world;
  await hangGit('fresh', { times: 1 });
  const repository = await world.registerOnly('fresh', { 'config_contexts/a.json': context('Fresh') });
  await untilTrue('Git to be at work', () => gitOf(repository).length > 0);
  const meanwhile = (await api.post<{ job_result: RunAnswer }>(`/api/extras/git-repositories/${repository.id}/sync/`)).job_result;
  const [first] = (await api.runs(repository.id)).filter(({ status }) => status.value === 'STARTED');

  await cancel(first?.id ?? '');

  expect((await api.untilEnded(first?.id ?? '')).status.value).toBe('REVOKED');
  expect((await api.untilEnded(meanwhile.id)).status.value).toBe('SUCCESS');
  await api.untilServes(repository.id, repository.head);
  const mirrors = join(worker().dataDir, 'mirrors');
  expect(existsSync(mirrors) ? readdirSync(mirrors).filter((name) => name.includes(repository.id)) : []).toEqual([`${repository.id}.git`]);
});

test('a dry run whose Git hangs is cancelled like a sync, and changes nothing', async () => {
  const { api } = world;
  const repository = await world.register('tried', { 'config_contexts/a.json': context('Tried') });
  await hangGit('tried');
  const { job_result: run } = await api.post<{ job_result: RunAnswer }>(`/api/extras/git-repositories/${repository.id}/sync/`, {
    dry_run: true,
  });
  await untilTrue('Git to be at work', () => gitOf(repository).length > 0);

  await cancel(run.id);

  expect(await api.untilEnded(run.id)).toMatchObject({ status: { value: 'REVOKED' }, error: { code: 'CANCELLED' }, result: null });
  await untilTrue('Git to be gone', () => gitOf(repository).length === 0);
});

test.runIf(TEST_SERVER_URL !== undefined)(
  'a check that said a run is under way says who cancelled it, and the commit may be imported after all',
  async () => {
    const { api, forge, service } = world;
    const repository = await world.register('checked', { 'config_contexts/a.json': context('Checked', { mtu: 1 }) });
    const { commit, run } = await holdTable(service.databaseUrl ?? '', 'parsed_files', async () => {
      const pushed = await world.push(repository, { 'config_contexts/a.json': context('Checked', { mtu: 2 }) });
      await untilTrue('the check to be open', async () => (await postedStatuses(forge, pushed)).some(({ state }) => state === 'pending'));
      const underWay = await newestRun(repository);
      await cancel(underWay.id);
      return { commit: pushed, run: underWay };
    });

    expect(await api.untilEnded(run.id)).toMatchObject({ status: { value: 'REVOKED' }, commit });
    expect(await finalStatus(forge, commit)).toMatchObject({ state: 'error', description: 'Cancelled by Owner' });
    const line = (await api.repository(repository.id)).sync_status['main'];
    expect(line).toMatchObject({ state: 'error-import', commit, last_good_commit: repository.head, error: { code: 'CANCELLED' } });

    expect(await api.sync(repository.id)).toMatchObject({ status: { value: 'SUCCESS' }, commit });
    await untilTrue('the check to say so', async () => (await postedStatuses(forge, commit)).at(-1)?.state === 'success');
  },
);
