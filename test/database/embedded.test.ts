import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';

const MOST_MB = 500;
const folder = mkdtempSync(join(tmpdir(), 'tributary-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A process of its own: of this one's memory, most is not the database's. */
const MAKE_AND_MIGRATE = `
  import { readFileSync } from 'node:fs';
  import { pino } from 'pino';
  import { openEmbedded } from '#db/embedded.ts';
  import { migrate } from '#db/migrate.ts';
  const database = await openEmbedded({ dataDir: process.argv[1], log: pino({ level: 'silent' }) });
  await migrate(database);
  await database.close();
  console.log(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);`;

test.skipIf(process.platform !== 'linux')(
  'a new embedded database takes a few hundred megabytes, not the gigabyte of an optimized one',
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', MAKE_AND_MIGRATE, folder]);

    expect(Number(stdout) / 1024).toBeLessThan(MOST_MB);
  },
  120_000,
);
