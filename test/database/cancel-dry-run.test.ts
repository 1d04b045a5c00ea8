import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { dryRun } from '#sync/dry-run.ts';
import { noAbort } from '#test/support/git-room.ts';
import { PATIENCE } from '#test/support/patience.ts';
import type { RunRoom, RunRooms } from '#test/support/run-room.ts';
import { REVOKED, hang, sourceOf, openRunRooms } from '#test/support/run-room.ts';

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

describe('a dry run', () => {
  test('that waits is over at once and never computed; the sync that waits beside it does', async () => {
    const waiting = await room.ask();
    const { jobResultId } = await room.askDry();
    const open = vi.fn<() => Promise<void>>();

    await room.cancel(jobResultId);
    const source = await sourceOf('dry', { onOpen: open });
    await dryRun(room.deps, jobResultId, () => source, 'worker', noAbort());

    expect(open).not.toHaveBeenCalled();
    expect(await room.runOf(jobResultId)).toEqual(REVOKED);
    expect((await room.claim())?.jobResult.id).toBe(waiting.jobResultId);
  });

  test('that hangs ends as cancelled', async () => {
    const { jobResultId } = await room.askDry();
    const onOpen = async (signal: AbortSignal): Promise<void> => {
      await room.cancel(jobResultId);
      await hang(signal);
    };
    const source = await sourceOf('dry', { onOpen });

    await dryRun(room.deps, jobResultId, () => source, 'worker', noAbort());

    expect(await room.runOf(jobResultId)).toEqual(REVOKED);
  });

  test('that comes to its end, good or bad, after the request is cancelled all the same', async () => {
    const ends = [async () => undefined, () => Promise.reject(new Error('broken'))];

    for (const end of ends) {
      const { jobResultId } = await room.askDry();
      const onOpen = async (): Promise<void> => {
        await room.cancel(jobResultId);
        await end();
      };
      const source = await sourceOf('dry', { onOpen });
      await dryRun(room.deps, jobResultId, () => source, 'worker', noAbort());

      expect(await room.runOf(jobResultId)).toEqual(REVOKED);
    }
  });

  test('of a worker that was killed is not begun again', async () => {
    const { jobResultId } = await room.askDry();
    await sql`update job_results set status = 'STARTED', starts = 1 where id = ${jobResultId}`.execute(room.deps.database.kysely);
    const open = vi.fn<() => Promise<void>>();

    await room.cancel(jobResultId);
    const source = await sourceOf('dry', { onOpen: open });
    await dryRun(room.deps, jobResultId, () => source, 'worker', noAbort());

    expect(open).not.toHaveBeenCalled();
    expect(await room.runOf(jobResultId)).toEqual(REVOKED);
  });
});
