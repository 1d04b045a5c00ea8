import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tidyMachine } from '#app/tidy-machine.ts';
import type { Database } from '#db/database.ts';
import type { Git } from '#git/context.ts';
import { withWriterLock } from '#git/lock.ts';
import { writeMark, writeSkeleton } from '#git/mirror-files.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { newGit, noAbort } from '#test/support/git-room.ts';
import { seedOrganization, seedRepository } from '#test/support/seed.ts';

const DAY_MS = 86_400_000;
const log = pino({ level: 'silent' });

let database: Database;
let organizationId: string;
beforeAll(async () => {
  database = await openTestDatabase();
  ({ organizationId } = await seedOrganization(database));
});
afterAll(() => database.close());

/** A finished mirror that was last fetched into so many days ago. */
async function addMirror(git: Git, key: string, days: number): Promise<void> {
  const dir = join(git.mirrorsDir, `${key}.git`);
  await writeSkeleton(dir, 'sha1');
  writeFileSync(join(dir, 'objects', 'pack', 'pack-1.pack'), Buffer.alloc(1_000));
  await writeMark(dir, { packedBytes: 1_000 });
  const usedAt = new Date(Date.now() - days * DAY_MS);
  utimesSync(join(dir, 'config'), usedAt, usedAt);
}

async function tidy(git: Git) {
  const cleaned: Record<string, number> = {};
  let bytes = 0;
  const meters = {
    cleaned: (why: string, count: number) => {
      cleaned[why] = count;
    },
    mirrorsBytes: (size: number) => {
      bytes = size;
    },
  };
  await tidyMachine({ database, git, dataDir: dirname(git.mirrorsDir), meters, log });
  return { cleaned, bytes, left: readdirSync(git.mirrorsDir).filter((name) => name !== 'locks') };
}

test('mirrors of deleted repositories and idle ones go, those in use stay', async () => {
  const git = await newGit();
  const used = await seedRepository(database, organizationId);
  const idle = await seedRepository(database, organizationId);
  await addMirror(git, used, 29);
  await addMirror(git, idle, 31);
  await addMirror(git, '01890000-0000-7000-8000-000000000000', 0);
  await addMirror(git, 'no-id-at-all', 0);

  expect(await tidy(git)).toEqual({ cleaned: { deleted: 2, idle: 1 }, bytes: 1_000, left: [`${used}.git`] });
});

test('a mirror that somebody writes is left for the next time', async () => {
  const git = await newGit();
  const gone = '01890000-0000-7000-8000-000000000001';
  await addMirror(git, gone, 0);

  const during = await withWriterLock(git, gone, noAbort(), () => tidy(git));

  expect(during).toMatchObject({ cleaned: {}, left: [`${gone}.git`] });
  expect(await tidy(git)).toMatchObject({ cleaned: { deleted: 1 }, left: [] });
});

test('what killed processes left goes: half-made mirrors at once, uploads after a day', async () => {
  const git = await newGit();
  mkdirSync(join(git.mirrorsDir, 'half.git'));
  mkdirSync(join(git.mirrorsDir, 'tmp.some.0123-abcd'));
  const uploads = join(dirname(git.mirrorsDir), 'uploads');
  for (const [name, days] of [
    ['old', 2],
    ['new', 0],
  ] as const) {
    mkdirSync(join(uploads, name, 'below'), { recursive: true });
    const madeAt = new Date(Date.now() - days * DAY_MS);
    utimesSync(join(uploads, name), madeAt, madeAt);
  }

  expect(await tidy(git)).toMatchObject({ cleaned: { leftovers: 2, uploads: 1 }, left: [] });
  expect(readdirSync(uploads)).toEqual(['new']);
});
