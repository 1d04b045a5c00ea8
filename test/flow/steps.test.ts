import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Step } from '#steps/reached.ts';
import type { CrashBench } from '#test/faults/crash-points.ts';
import { openCrashBench } from '#test/faults/crash-points.ts';
import { freezeAt } from '#test/faults/zombie-steps.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { startWorld } from '#test/support/world.ts';

/** One of each kind of gap between two stores; `node test/faults/run.ts crash-points` takes all of them. */
const STEPS_TO_CRASH_AT: readonly Step[] = [
  'receive.stored',
  'route.marked',
  'turn.claimed',
  'clone.old-gone',
  'fetch.pack-without-index',
  'fetch.packs-promoted',
  'sync.committing',
  'sync.committed',
  'report.posted',
  'hook.registered',
  'forget.mirror-removed',
];
/** Longer than a lease and a claim. */
const FROZEN_MS = 13_000;

/** A process for every step, one after another. */
vi.setConfig({ ...PATIENCE, testTimeout: 600_000, hookTimeout: 600_000 });
const serverUrl = TEST_SERVER_URL;
const scope = openScope();
afterAll(() => scope.close());

describe.runIf(serverUrl !== undefined)('a process that dies at a step of its work', () => {
  let bench: CrashBench;
  beforeAll(async () => {
    bench = await openCrashBench(await startWorld(scope, { serverUrl, env: { LOG_LEVEL: 'info' } }), 4);
  });

  test('leaves nothing that its successors do not put right, and nothing twice', async () => {
    for (const step of STEPS_TO_CRASH_AT) {
      await bench.prepare(step, 1);
      expect(await bench.crash(step, 1)).toEqual([]);
      // Those that are deleted have to be served before.
      if (step === 'hook.registered') expect(await bench.settle()).toEqual([]);
    }

    expect(await bench.settle()).toEqual([]);
  });
});

describe.runIf(serverUrl !== undefined)('a process that stands still at a step until another has done its work', () => {
  test.each<Step>(['sync.applied', 'report.looked'])('%s: what it still wanted to write does not count', async (step) => {
    const world = await startWorld(scope, { serverUrl, env: { LOG_LEVEL: 'info' } });

    expect(await freezeAt(world, step, FROZEN_MS)).toEqual([]);
  });
});
