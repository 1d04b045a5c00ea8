import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeDataFolder } from '#db/data-folder.ts';

test('the data folder is made with all that it lies in, for its user alone, and found again', () => {
  const root = mkdtempSync(join(tmpdir(), 'tributary-data-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const folder = join(root, 'var', 'tributary');

  makeDataFolder(folder);
  makeDataFolder(folder);

  expect([join(root, 'var'), folder].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o700]);
});

test.skipIf(process.platform !== 'linux')('a folder that the system does not let anybody make is an error, not a wait without end', () => {
  expect(() => makeDataFolder('/proc/nope/deeper')).toThrow('ENOENT');
});
