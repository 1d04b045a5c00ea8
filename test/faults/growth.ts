import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGit } from '#git/git.ts';
import { openMirror } from '#git/mirror.ts';
import { startGitHttpServer } from '#test/support/git-http-server.ts';
import { LIMITS, newRepository, noAbort, remoteAt } from '#test/support/git-room.ts';
import { processesOf } from '#test/support/processes.ts';
import type { Fault } from './fault.ts';

const FETCHES = 100;
const MOST_TIMES_A_CLONE = 3;
/** Below this a mirror is small whatever it is compared to. */
const FREE_BYTES = 2 * 1024 * 1024;

export const growth: Fault = {
  title: 'a hundred tiny pushes a round, each fetched: the mirror stays small and whole',
  rounds: 3,
  run: async ({ scope, rounds, say }) => {
    const root = mkdtempSync(join(tmpdir(), 'tributary-growth-'));
    scope.defer(() => {
      execFileSync('chmod', ['-R', 'u+w', root]);
      rmSync(root, { recursive: true, force: true });
    });
    const server = await startGitHttpServer({ root });
    scope.defer(() => server.close());
    const repository = newRepository(root, 'growing.git');
    const git = await createGit({ dataDir: join(root, 'data'), limits: LIMITS, timeoutMs: 60_000 });
    const mirror = openMirror(git, { key: 'growing' });
    const remote = remoteAt(`${server.url}/growing.git`);
    const signal = noAbort();
    for (let round = 1; round <= rounds; round++) {
      for (let push = 1; push <= FETCHES; push++) {
        repository.commit({ 'a.json': `{ "push": "${round}.${push}" }` });
        await mirror.update({ remote, signal });
      }
      say(`${round * FETCHES} fetches, ${sizeOf(join(git.mirrorsDir, 'growing.git'))} bytes`);
    }
    const fresh = join(root, 'fresh.git');
    // The server is in this process, so it must not be waited for without letting it answer.
    await promisify(execFile)('git', ['clone', '-q', '--mirror', `${server.url}/growing.git`, fresh]);
    const [size, freshSize] = [sizeOf(join(git.mirrorsDir, 'growing.git')), sizeOf(fresh)];
    const left = processesOf(git.homeDir);
    const problems = [
      ...(size > Math.max(FREE_BYTES, MOST_TIMES_A_CLONE * freshSize) ? [`the mirror has ${size} bytes, a fresh clone ${freshSize}`] : []),
      ...(left.length > 0 ? [`${left.length} Git processes are left`] : []),
      ...(refsOf(join(git.mirrorsDir, 'growing.git')) === refsOf(fresh) ? [] : ['the refs differ from those of a fresh clone']),
    ];
    const packs = readdirSync(join(git.mirrorsDir, 'growing.git', 'objects', 'pack')).filter((name) => name.endsWith('.pack')).length;
    return { counts: { fetches: rounds * FETCHES, packs, bytes: size, 'bytes of a clone': freshSize }, problems };
  },
};

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function refsOf(dir: string): string {
  return execFileSync('git', ['--git-dir', dir, 'for-each-ref', '--format=%(objectname) %(refname)'], { encoding: 'utf8' });
}
