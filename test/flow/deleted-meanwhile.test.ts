import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { context } from '#test/support/content-files.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { gitProcessesOf } from '#test/support/processes.ts';
import { openScope } from '#test/support/scope.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { untilTrue } from '#test/support/until.ts';
import type { World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
let world: World;

beforeAll(async () => {
  world = await startWorld(scope, { serverUrl: TEST_SERVER_URL });
});
afterAll(() => scope.close());

test('a repository that is deleted while it is cloned leaves neither a process of Git nor a folder', async () => {
  const { api, forge, service } = world;
  await forge.addFault({ target: 'git', match: { path: '/acme/doomed' }, action: { kind: 'hang' } });
  const doomed = await world.registerOnly('doomed', { 'config_contexts/a.json': context('Doomed') });
  const [worker] = service.workers;
  if (worker === undefined) throw new Error('there is no worker');
  const gitOf = () => gitProcessesOf(worker).filter(({ commandLine }) => commandLine.includes('doomed'));
  await untilTrue('Git to be at work', async () => gitOf().length > 0);

  expect((await api.call('DELETE', `/api/extras/git-repositories/${doomed.id}/`)).status).toBe(204);

  await untilTrue('Git to be gone', async () => gitOf().length === 0);
  await untilTrue('its mirror to be gone', async () => !existsSync(join(worker.dataDir, 'mirrors', 'locks', doomed.id)));
  expect(existsSync(join(worker.dataDir, 'mirrors', `${doomed.id}.git`))).toBe(false);
});
