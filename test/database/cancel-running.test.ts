import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Meters } from '#domain/meters.ts';
import { NO_METERS } from '#domain/meters.ts';
import { sweepTurns } from '#queue/sweep.ts';
import type { Step } from '#steps/reached.ts';
import { runTurn } from '#sync/run.ts';
import { noAbort } from '#test/support/git-room.ts';
import { PATIENCE } from '#test/support/patience.ts';
import type { RunRoom, RunRooms } from '#test/support/run-room.ts';
import { REVOKED, commitOf, hang, sourceOf, openRunRooms } from '#test/support/run-room.ts';

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

describe('a run under way', () => {
  test('is kept to be ended, ends soon as cancelled, and leaves what is served', async () => {
    await room.sync('before');
    const { jobResultId } = await room.ask();
    const counted: string[] = [];
    const meters: Meters = { ...NO_METERS, run: (...[kind, outcome, code]) => void counted.push(`${kind} ${outcome} ${code}`) };
    const running = runTurn({ ...room.deps, meters }, await room.claimed(), await sourceOf('after', { onOpen: hang }), noAbort());

    const answer = await room.cancel(jobResultId);
    await running;

    expect(answer).toMatchObject({ ok: true, value: { id: jobResultId, cancel_requested_at: expect.any(Date) } });
    expect(await room.runOf(jobResultId)).toEqual(REVOKED);
    expect(await room.served()).toEqual(['before']);
    expect(await room.standing()).toMatchObject({ open: false, pending: null, failures: 0, sync: 'in-sync', error: null });
    expect(counted).toEqual(['sync cancelled CANCELLED']);
  });

  test('is not repeated, and what was asked for meanwhile runs next', async () => {
    const { jobResultId } = await room.ask();
    const running = runTurn(room.deps, await room.claimed(), await sourceOf('cancelled', { onOpen: hang }), noAbort());
    await room.cancel(jobResultId);
    const meanwhile = await room.ask({ reason: 'webhook' });
    await running;

    const next = await room.claimed();
    await runTurn(room.deps, next, await sourceOf('next'), noAbort());

    expect(next.jobResult.id).toBe(meanwhile.jobResultId);
    expect(await room.served()).toEqual(['next']);
    expect(await room.standing()).toMatchObject({ open: false, pending: null });
  });

  test('that failed of something else just then is cancelled, and not tried again', async () => {
    const { jobResultId } = await room.ask();

    const onOpen = async (): Promise<never> => {
      await room.cancel(jobResultId);
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    };
    const broken = await sourceOf('broken', { onOpen });
    await runTurn(room.deps, await room.claimed(), broken, noAbort());

    expect(await room.runOf(jobResultId)).toEqual(REVOKED);
    expect(await room.standing()).toMatchObject({ open: false, pending: null, failures: 0 });
  });

  test('whose commit was known leaves a line that says so, and its check closed', async () => {
    await room.sync('before');
    const { jobResultId } = await room.ask();
    // Reading goes on, so that the run comes to its very end.
    const reading = await sourceOf('after', {
      onRead: async () => {
        await room.showPending(jobResultId, commitOf('after'));
        await room.cancel(jobResultId);
      },
    });

    await runTurn(room.deps, await room.claimed(), reading, noAbort());

    expect(await room.runOf(jobResultId)).toEqual(REVOKED);
    expect(await room.served()).toEqual(['before']);
    expect(await room.standing()).toMatchObject({ sync: 'error-import', error: 'CANCELLED' });
    expect(await room.checksOf(commitOf('after'))).toEqual([{ state: 'error', description: 'Cancelled by Owner' }]);
    expect(await room.checksOf(commitOf('before'))).toMatchObject([{ state: 'success' }]);
  });

  test('that shows no check gets none for being cancelled', async () => {
    const { jobResultId } = await room.ask();
    const reading = await sourceOf('quick', { onRead: () => room.cancel(jobResultId) });

    await runTurn(room.deps, await room.claimed(), reading, noAbort());

    expect(await room.runOf(jobResultId)).toEqual(REVOKED);
    expect(await room.checksOf(commitOf('quick'))).toEqual([]);
  });

  test('of a worker that was killed is not begun again when it is taken up', async () => {
    const { jobResultId } = await room.ask();
    await room.claimed();
    await room.cancel(jobResultId);
    await room.expireLease();
    await sweepTurns({ queue: room.deps.queue, database: room.deps.database, countQueued: async () => 0 });
    const open = vi.fn<() => Promise<void>>();

    await runTurn(room.deps, await room.claimed(), await sourceOf('never', { onOpen: open }), noAbort());

    expect(open).not.toHaveBeenCalled();
    expect(await room.runOf(jobResultId)).toEqual(REVOKED);
    expect(await room.standing()).toMatchObject({ open: false, pending: null });
  });

  test('whose process stops before it could end it is ended by the next one', async () => {
    const { jobResultId } = await room.ask();
    const stopping = new AbortController();
    const onOpen = async (signal: AbortSignal): Promise<void> => {
      await room.cancel(jobResultId);
      stopping.abort();
      await hang(signal);
    };
    await runTurn(room.deps, await room.claimed(), await sourceOf('stopped', { onOpen }), stopping.signal);

    expect(await room.runOf(jobResultId)).toMatchObject({ status: 'STARTED' });
    await sweepTurns({ queue: room.deps.queue, database: room.deps.database, countQueued: async () => 0 });
    await runTurn(room.deps, await room.claimed(), await sourceOf('stopped'), noAbort());

    expect(await room.runOf(jobResultId)).toEqual(REVOKED);
    expect(await room.served()).toEqual([]);
  });

  test('of a repository that was deleted is over at once', async () => {
    const { jobResultId } = await room.ask();
    await room.claimed();
    await room.deps.database.kysely.deleteFrom('repositories').where('id', '=', room.repositoryId).execute();

    expect(await room.cancel(jobResultId)).toMatchObject({ ok: true, value: { status: 'REVOKED' } });
    expect(await room.runOf(jobResultId)).toEqual(REVOKED);
  });
});

describe('a run that is over', () => {
  test('is refused with how it ended, and stays as it is', async () => {
    const jobResultId = await room.sync('done');

    expect(await room.cancel(jobResultId)).toMatchObject({
      ok: false,
      error: { code: 'RUN_ENDED', detail: expect.stringContaining('SUCCESS'), data: { status: 'SUCCESS' } },
    });
    expect(await room.runOf(jobResultId)).toMatchObject({ status: 'SUCCESS', code: null });
  });

  test('because it was cancelled is answered as the first time', async () => {
    const { jobResultId } = await room.ask();
    const first = await room.cancel(jobResultId);

    expect(await room.cancel(jobResultId)).toEqual(first);
  });

  test.each(['sync.planned', 'sync.applied', 'sync.reported', 'sync.committing', 'sync.committed'] as const)(
    'or is about to be, and is cancelled at %s: exactly one of both has its way',
    async (step) => {
      const { jobResultId } = await room.ask();

      const answer = whenReached(step, () => room.cancel(jobResultId));
      await runTurn(room.deps, await room.claimed(), await sourceOf(step), noAbort());
      const { ok } = await answer;

      expect(await room.runOf(jobResultId)).toMatchObject({ status: ok ? 'REVOKED' : 'SUCCESS' });
      expect(await room.served()).toEqual(ok ? [] : [step]);
      expect(await room.standing()).toMatchObject({ open: false, pending: null, failures: 0 });
      // From here on the run holds the row of its result.
      if (step.startsWith('sync.committ')) expect(ok).toBe(false);
    },
  );
});

/** Begins something when a run comes to a step, which does not wait for it. */
function whenReached<T>(step: Step, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const listen = (at: unknown): void => {
      if (at !== step) return;
      unsubscribe('tributary.step', listen);
      work().then(resolve, reject);
    };
    subscribe('tributary.step', listen);
  });
}
