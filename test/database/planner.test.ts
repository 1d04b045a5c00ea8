import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runTurn } from '#sync/run.ts';
import { noAbort } from '#test/support/git-room.ts';
import { PATIENCE } from '#test/support/patience.ts';
import type { RunRooms } from '#test/support/run-room.ts';
import { openRunRooms, sourceOf } from '#test/support/run-room.ts';

vi.setConfig(PATIENCE);
let rooms: RunRooms;
beforeAll(async () => {
  rooms = await openRunRooms();
});
afterAll(() => rooms.close());

test('once a large import is served, the database knows how much there is of it', async () => {
  const room = await rooms.furnish();
  const beside = Array.from({ length: 1_500 }, (_, number) => `context-${number}`);
  await room.ask();

  await runTurn(room.deps, await room.claimed(), await sourceOf('first', { beside }), noAbort());

  const { rows } = await sql<{ name: string; rows: number }>`
    select relname as name, reltuples::integer as rows from pg_class where relname in ('objects', 'object_versions', 'name_claims')
    order by relname`.execute(room.deps.database.kysely);
  expect(rows).toEqual([
    { name: 'name_claims', rows: 1_501 },
    { name: 'object_versions', rows: 1_501 },
    { name: 'objects', rows: 1_501 },
  ]);
});
