import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { endTurn } from '#queue/turn.ts';
import type { Upload, UploadDeps } from '#sync/upload.ts';
import { startUpload } from '#sync/upload.ts';
import { newGit, noAbort, temporaryFolder } from '#test/support/git-room.ts';
import { PATIENCE } from '#test/support/patience.ts';
import type { RunRoom, RunRooms } from '#test/support/run-room.ts';
import { REVOKED, commitOf, openRunRooms } from '#test/support/run-room.ts';

vi.setConfig(PATIENCE);
let rooms: RunRooms;
let room: RunRoom;
let deps: UploadDeps;
beforeAll(async () => {
  rooms = await openRunRooms();
});
afterAll(() => rooms.close());
beforeEach(async () => {
  room = await rooms.furnish();
  deps = { ...room.deps, git: await newGit(), processName: 'web' };
});

function upload(name: string): Upload & { readonly discard: ReturnType<typeof vi.fn<() => void>> } {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'config_contexts'));
  writeFileSync(join(folder, 'config_contexts', 'a.json'), JSON.stringify({ _metadata: { name } }));
  const discard = vi.fn<() => void>();
  const { repositoryId, organization } = room;
  const spool = { folder, files: 1, discard };
  return { repositoryId, userId: organization.userId, commit: commitOf(name), force: false, dryRun: false, spool, discard };
}

test('a folder that waits for its turn and is cancelled is let go of, and its files are never imported', async () => {
  await room.ask();
  const holder = await room.claimed();
  const sent = upload('sent');
  const { jobResultId, ended } = await startUpload(deps, sent, noAbort());

  await room.cancel(jobResultId);
  await ended;
  await room.deps.database.transaction((tx) => endTurn(room.deps.queue, tx, holder));

  expect(await room.runOf(jobResultId)).toEqual(REVOKED);
  expect(sent.discard).toHaveBeenCalled();
  expect(await room.claim()).toBeUndefined();
  expect(await room.served()).toEqual([]);
});

test('the next folder is imported as itself, though the one that was cancelled may still be waiting when its turn comes', async () => {
  await room.ask();
  const holder = await room.claimed();
  const first = await startUpload(deps, upload('first'), noAbort());
  await room.cancel(first.jobResultId);
  const second = await startUpload(deps, upload('second'), noAbort());

  await room.deps.database.transaction((tx) => endTurn(room.deps.queue, tx, holder));
  await Promise.all([first.ended, second.ended]);

  expect(await room.runOf(first.jobResultId)).toEqual(REVOKED);
  expect(await room.runOf(second.jobResultId)).toMatchObject({ status: 'SUCCESS' });
  expect(await room.served()).toEqual(['second']);
});
