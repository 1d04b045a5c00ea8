import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Ended } from './command.ts';
import { openScope } from '#test/support/scope.ts';
import { LAUNCHER, ROOT, ending } from './command.ts';
import { findOldNode } from './old-node.ts';

const VERSION = String(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version);
const scope = openScope();
const folder = scope.folder('launcher');
afterAll(() => scope.close());

function run(program: string, args: readonly string[], cwd: string, { path = process.env['PATH'], options = '' } = {}): Promise<Ended> {
  const env = { PATH: path, HOME: tmpdir(), NODE_OPTIONS: options };
  return ending(spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] }));
}

test('starts on the Node that runs it, when that one is new enough', async () => {
  expect(await run(process.execPath, [LAUNCHER, '--version'], tmpdir())).toMatchObject({ code: 0, stdout: `${VERSION}\n` });
});

/** Says what V8 was told, at each beginning of a process. */
const TELL_FLAGS = '--import=data:text/javascript,process.stderr.write(`flags:${process.execArgv.join()};`)';

test.skipIf(process.platform === 'win32')(
  'a worker begins with little room for young objects, once; nothing else does, and whoever starts it may say otherwise',
  async () => {
    const worker = [LAUNCHER, 'worker', '--no-such-option'];
    const flagsOf = async (args: readonly string[], options = TELL_FLAGS) =>
      [...(await run(process.execPath, args, tmpdir(), { options })).stderr.matchAll(/flags:([^;]*);/g)].map(([, flags]) => flags);

    expect(await flagsOf(worker)).toEqual(['', '--max-semi-space-size=4']);
    expect(await flagsOf(['--max-semi-space-size=16', ...worker])).toEqual(['--max-semi-space-size=16']);
    expect(await flagsOf(worker, `${TELL_FLAGS} --max-semi-space-size=16`)).toEqual(['']);
    expect(await flagsOf([LAUNCHER, 'web', '--no-such-option'])).toEqual(['']);
  },
);

/** An install of its own, with the packages of this one. */
function makeInstall(name: string): string {
  const install = join(folder, name);
  mkdirSync(join(install, 'node_modules'), { recursive: true });
  for (const part of ['bin', 'src', 'package.json']) cpSync(join(ROOT, part), join(install, part), { recursive: true });
  for (const part of readdirSync(join(ROOT, 'node_modules')).filter((entry) => entry !== '.cache'))
    symlinkSync(join(ROOT, 'node_modules', part), join(install, 'node_modules', part));
  return install;
}

test('keeps what it compiled beside the packages, and does without where nothing can be written', async () => {
  const [usual, readOnly] = [makeInstall('usual'), makeInstall('read-only')];
  // A folder cannot be made where a file is, whoever tries; permissions would not stop a test that runs as root.
  writeFileSync(join(readOnly, 'node_modules', '.cache'), '');

  for (const install of [usual, readOnly])
    expect(await run(process.execPath, [join(install, 'bin/tributary.js'), '--version'], tmpdir())).toMatchObject({
      code: 0,
      stdout: `${VERSION}\n`,
      stderr: '',
    });

  expect(readdirSync(join(usual, 'node_modules', '.cache', 'tributary'))).not.toEqual([]);
});

const oldNode = findOldNode();

describe.skipIf(oldNode === undefined)('under a Node that is too old (skipped where the machine has none)', () => {
  const node = oldNode ?? '';

  test('runs on the Node that came with the install, from any folder', async () => {
    expect(await run(node, [LAUNCHER, '--version'], folder)).toMatchObject({ code: 0, stdout: `${VERSION}\n`, stderr: '' });
  });

  test('passes the exit code on', async () => {
    expect(await run(node, [LAUNCHER, 'no-such-command'], folder)).toMatchObject({ code: 2 });
  });

  test.skipIf(!existsSync(join(node, '..', 'npx')))('works as "npx tributary" in the folder of the repository', async () => {
    const npx = join(node, '..', 'npx');
    const path = [join(node, '..'), '/usr/bin', '/bin'].join(delimiter);

    expect(await run(npx, ['--offline', 'tributary', '--version'], ROOT, { path })).toMatchObject({ code: 0, stdout: `${VERSION}\n` });
  });

  test('says in one sentence what is missing where no Node came with the install', async () => {
    const copy = join(folder, 'copy');
    mkdirSync(copy);
    cpSync(join(ROOT, 'bin'), join(copy, 'bin'), { recursive: true });
    writeFileSync(join(copy, 'package.json'), '{"type": "module"}');

    const ended = await run(node, [join(copy, 'bin/tributary.js'), '--version'], copy);

    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/^Tributary needs Node 22\.18 or later; this is v\d+\.\d+\.\d+, .*\n$/);
  });
});
