import { expect, test } from 'vitest';
import { checkServer } from '#app/examine/server.ts';
import { checkWork } from '#app/examine/work.ts';
import type { ServerState } from '#db/server.ts';
import type { Health } from '#observe/store.ts';
import type { WorkerState } from '#queue/workers.ts';

const SERVER: ServerState = {
  major: 15,
  synchronousCommit: 'on',
  fsync: 'on',
  encoding: 'UTF8',
  inRecovery: false,
  maxConnections: 100,
  connections: 10,
  statementTimeoutMs: 0,
  clockAheadMs: 3,
};
const HEALTH: Health = {
  unrouted: { count: 0, oldest: 0 },
  wanted: { count: 0, oldest: 0 },
  turns: { running: 0, overdue: 0, oldestOverdue: 0 },
  stale: [],
  reports: { unsent: 0, oldest: 0 },
  repositories: [],
  credentials: [],
  nextExpiry: undefined,
  leastBudgets: [],
  unverifiedTls: [],
  tokens: { ending: [], verified: [], rotations: [], notifications: { pending: 0, oldest: 0 }, targets: [] },
  hooks: [],
  hookFaults: [],
  silence: [],
  workers: [],
  upkeep: [],
};
const WORKER: WorkerState = { name: 'a:1', version: '1', alive: true, started_at: new Date(0), seen_at: new Date(0) };

/** What is not well with a server that differs in this from a good one. */
function serverProblems(change: Partial<ServerState>, processes = 1): readonly string[] {
  return checkServer({ ...SERVER, ...change }, false, processes)
    .filter(({ state }) => state !== 'ok')
    .map(({ state, name }) => `${state} ${name}`);
}

/** The same for work: an installation that differs in this from one where nothing is wrong. */
function workProblems(change: Partial<Health>, workers: readonly WorkerState[] = [WORKER]): readonly string[] {
  return checkWork({ ...HEALTH, ...change }, workers, [], '1')
    .filter(({ state }) => state !== 'ok')
    .map(({ state, name }) => `${state} ${name}`);
}

test('nothing is said of a server and of work that are well', () => {
  expect(serverProblems({})).toEqual([]);
  expect(workProblems({})).toEqual([]);
});

test.each<[string, Partial<ServerState>]>([
  ['fail database', { major: 14 }],
  ['fail database-settings', { synchronousCommit: 'off' }],
  ['fail database-settings', { fsync: 'off' }],
  ['fail database-settings', { encoding: 'SQL_ASCII' }],
  ['fail database-settings', { inRecovery: true }],
  ['warn database-settings', { statementTimeoutMs: 5_000 }],
  ['warn database-connections', { connections: 90 }],
  ['warn clock', { clockAheadMs: 60_000 }],
  ['warn clock', { clockAheadMs: -600_000 }],
])('%s when a server is %o', (problem, change) => {
  expect(serverProblems(change)).toEqual([problem]);
});

test('more processes than the server has connections for are a warning', () => {
  expect(serverProblems({}, 4)).toEqual(['warn database-connections']);
});

test.each<[string, Partial<Health>]>([
  ['fail deliveries', { unrouted: { count: 3, oldest: 61 } }],
  ['fail syncs', { turns: { running: 1, overdue: 1, oldestOverdue: 61 } }],
  ['warn syncs', { wanted: { count: 1, oldest: 901 } }],
  ['warn syncs', { stale: [{ afterS: 3_600, count: 1 }] }],
  ['warn reports', { reports: { unsent: 1, oldest: 901 } }],
  ['warn hooks', { hooks: [{ provider: 'github', status: 'misconfigured', count: 2 }] }],
  ['warn credentials', { credentials: [{ provider: 'github', state: 'revoked', count: 1 }] }],
  ['warn credentials', { nextExpiry: 3_600 }],
  ['warn retention', { upkeep: [{ name: 'retention', age: 90_000 }] }],
])('%s when work is %o', (problem, change) => {
  expect(workProblems(change)).toEqual([problem]);
});

test('no worker is a failure as soon as something waits for one, and several versions are a warning', () => {
  expect(workProblems({}, [])).toEqual([]);
  expect(workProblems({ wanted: { count: 1, oldest: 1 } }, [])).toEqual(['fail workers']);
  expect(workProblems({}, [{ ...WORKER, alive: false }])).toEqual([]);
  expect(workProblems({}, [WORKER, { ...WORKER, name: 'b:2', alive: false }])).toEqual(['warn workers']);
  expect(workProblems({}, [WORKER, { ...WORKER, name: 'b:2', version: '0' }])).toEqual(['warn workers']);
});

test('every problem says what to do', () => {
  const bad = checkWork({ ...HEALTH, unrouted: { count: 1, oldest: 100 } }, [], [], '1').filter(({ state }) => state !== 'ok');

  for (const { help } of bad) expect(help).toMatch(/\w/);
});
