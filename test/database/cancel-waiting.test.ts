import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { endTurn } from '#queue/turn.ts';
import { sweepTurns } from '#queue/sweep.ts';
import { runTurn } from '#sync/run.ts';
import { noAbort } from '#test/support/git-room.ts';
import { PATIENCE } from '#test/support/patience.ts';
import type { RunRoom, RunRooms } from '#test/support/run-room.ts';
import { REVOKED, commitOf, sourceOf, openRunRooms } from '#test/support/run-room.ts';
import { seedOrganization } from '#test/support/seed.ts';

vi.setConfig(PATIENCE);
let rooms: RunRooms;
let room: RunRoom;
beforeAll(async () => {
  rooms = await openRunRooms();
});
afterAll(() => rooms.close());
beforeEach(async () => {
  room = await rooms.furnish();
});

describe('a run that waits', () => {
  test('is over at once, names who ended it, and leaves nothing that anybody would run', async () => {
    const { jobResultId } = await room.ask();
    await room.ask();

    const cancelled = await room.cancel(jobResultId);
    await room.ageJobs();

    expect(cancelled).toMatchObject({ ok: true, value: { status: 'REVOKED', cancel_user_id: room.organization.userId } });
    expect(await room.runOf(jobResultId)).toEqual(REVOKED);
    expect(await room.claim()).toBeUndefined();
    expect(await sweepTurns({ queue: room.deps.queue, database: room.deps.database, countQueued: async () => 0 })).toBe(0);
    expect(await room.standing()).toMatchObject({ open: false, pending: null });
  });

  test('asked for after one was cancelled is a new run that begins', async () => {
    const first = await room.ask();
    await room.cancel(first.jobResultId);

    const second = await room.ask();

    expect(second).toMatchObject({ joined: false });
    expect(room.sent).toHaveLength(2);
    expect((await room.claim())?.jobResult.id).toBe(second.jobResultId);
  });

  test('for its retry time is taken back with its failures', async () => {
    await room.ask();
    const turn = await room.claimed();
    await room.deps.database.transaction((tx) => endTurn(room.deps.queue, tx, turn, { afterMs: 60_000, isCounted: true }));
    const waiting = (await room.standing())?.pending ?? '';

    await room.cancel(waiting);
    await room.ageJobs();

    expect(await sweepTurns({ queue: room.deps.queue, database: room.deps.database, countQueued: async () => 0 })).toBe(0);
    expect(await room.standing()).toMatchObject({ open: false, pending: null, failures: 0 });
  });

  test('to repeat one that met trouble of ours closes the check that waited for it', async () => {
    const { jobResultId } = await room.ask();
    const commit = commitOf('trouble');
    await room.showPending(jobResultId, commit);
    const troubled = await sourceOf('trouble', { onRead: () => Promise.reject(new Error('something of ours')) });
    await runTurn(room.deps, await room.claimed(), troubled, noAbort());
    expect(await room.checksOf(commit)).toMatchObject([{ state: 'pending' }]);

    await room.cancel((await room.standing())?.pending ?? '');

    expect(await room.checksOf(commit)).toEqual([{ state: 'error', description: 'Cancelled by Owner' }]);
    expect(room.sent.filter(({ name }) => name === 'send-report')).toHaveLength(2);
  });

  test('behind another is taken back, and the one under way goes on and is the last', async () => {
    await room.ask();
    const turn = await room.claimed();
    const behind = await room.ask();

    await room.showPending(turn.jobResult.id, commitOf('running'));
    await room.cancel(behind.jobResultId);
    expect(await room.standing()).toMatchObject({ open: true, pending: null });
    expect(await room.checksOf(commitOf('running'))).toMatchObject([{ state: 'pending' }]);
    await room.deps.database.transaction((tx) => endTurn(room.deps.queue, tx, turn));

    expect(await room.standing()).toMatchObject({ open: false, pending: null });
    expect(await room.claim()).toBeUndefined();
  });

  test('behind one whose worker was killed is taken back, and the killed one is taken up', async () => {
    const first = await room.ask();
    await room.claimed();
    const behind = await room.ask();
    await room.expireLease();

    await room.cancel(behind.jobResultId);
    expect(await sweepTurns({ queue: room.deps.queue, database: room.deps.database, countQueued: async () => 0 })).toBe(1);
    const heir = await room.claimed();
    await room.deps.database.transaction((tx) => endTurn(room.deps.queue, tx, heir));

    expect(heir.jobResult.id).toBe(first.jobResultId);
    expect(await room.standing()).toMatchObject({ open: false, pending: null });
  });

  test('behind another and cancelled does not keep a later ask from being run', async () => {
    await room.ask();
    const turn = await room.claimed();
    await room.cancel((await room.ask()).jobResultId);
    const later = await room.ask();

    await room.deps.database.transaction((tx) => endTurn(room.deps.queue, tx, turn));
    const next = await room.claimed();
    await room.deps.database.transaction((tx) => endTurn(room.deps.queue, tx, next));

    expect(next.jobResult.id).toBe(later.jobResultId);
    expect(await room.standing()).toMatchObject({ open: false, pending: null });
  });

  test('cancelled by many while it is claimed is either never begun or ends as cancelled', async () => {
    for (let round = 0; round < 10; round++) {
      const { jobResultId } = await room.ask();

      const [turn, ...answers] = await Promise.all([room.claim(), room.cancel(jobResultId), room.cancel(jobResultId)]);
      if (turn !== undefined) await runTurn(room.deps, turn, await sourceOf('a'), noAbort());

      expect(answers.map(({ ok }) => ok)).toEqual([true, true]);
      expect(await room.runOf(jobResultId)).toEqual(REVOKED);
      expect(await room.standing()).toMatchObject({ open: false, pending: null });
    }
  });
});

test('a run of another organization is not there', async () => {
  const { jobResultId } = await room.ask();
  const other = await seedOrganization(room.deps.database);

  expect(await room.cancel(jobResultId, other)).toMatchObject({ ok: false, error: { code: 'NOT_FOUND' } });
  expect(await room.runOf(jobResultId)).toMatchObject({ status: 'PENDING' });
});
