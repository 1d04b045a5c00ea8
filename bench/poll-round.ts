import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnForge } from '#test/forge/client.ts';
import { call } from './harness/api.ts';
import { residentMbOf } from './harness/child.ts';
import { contextFile } from './harness/content.ts';
import type { Bench, BenchContext, Finding } from './harness/finding.ts';
import { megabytes, ms } from './harness/finding.ts';
import { git } from './harness/git.ts';
import { query } from './harness/postgres.ts';
import type { Installation } from './harness/service.ts';
import { startService } from './harness/service.ts';

const REPOSITORIES = 1_000;
const REGISTERED_AT_ONCE = 8;
const SAMPLE_EVERY_MS = 100;
const ROUND_WITHIN_MS = 4 * 60_000;
/** Looks at one host start at most 10 per second (SECURITY.md RATE-07), so that a round of this many takes no less. */
const PACED_MS = REPOSITORIES * 100;
/** Looks under way at once in one worker (src/poll/poller.ts), each a Git process with one or two helpers of its own. */
const MOST_PROCESSES = 16 * 3;
const MOST_RATIO = 2;
/** The kernel counts processor time in these (USER_HZ, the same on every architecture that Linux tells it to programs on). */
const MS_PER_TICK = 10;

/** One look at each of many repositories in which nothing changed, beside the same done by hand, one after the other. */
export const pollRound: Bench = {
  title: `one look at each of ${REPOSITORIES} unchanged repositories of one host, beside git ls-remote one by one`,
  needsPostgres: true,
  run: async ({ scope, server, say }: BenchContext) => {
    if (server === undefined || processorMsOf('self') === undefined) return [];
    const databaseUrl = await server.createDatabase(scope, 'poll');
    const forge = await spawnForge();
    scope.defer(() => forge.stop());
    const { installation, worker } = await startService(scope, databaseUrl);
    const urls: string[] = [];
    for (let at = 0; at < REPOSITORIES; at += REGISTERED_AT_ONCE) {
      say(`${at} of ${REPOSITORIES} repositories`);
      const numbers = Array.from({ length: Math.min(REGISTERED_AT_ONCE, REPOSITORIES - at) }, (_, more) => at + more);
      urls.push(...(await Promise.all(numbers.map((number) => register(forge, installation, number)))));
    }
    await untilAtRest(databaseUrl, say);

    const before = await countRuns(databaseUrl);
    say('our round');
    const ours = await watch(worker.pid, () => lookedAtAll(databaseUrl));
    const after = await countRuns(databaseUrl);
    say('git ls-remote, one by one');
    const reference = await watch('self', async () => {
      for (const url of urls) await git(['ls-remote', url, 'refs/heads/main']);
    });
    return toFindings(ours, reference, after - before);
  },
};

async function register(forge: Awaited<ReturnType<typeof spawnForge>>, installation: Installation, number: number): Promise<string> {
  const name = `polled-${number}`;
  const remote = await forge.createRepository({
    owner: 'acme',
    name,
    private: false,
    files: Object.fromEntries([contextFile(name, number)]),
  });
  await call(installation, 'POST', '/api/extras/git-repositories/', { name, remote_url: remote.clone_url, branch: 'main' });
  return remote.clone_url;
}

async function untilAtRest(databaseUrl: string, say: BenchContext['say']): Promise<void> {
  for (;;) {
    const [row] = await query<{ left: number; failed: string | null }>(
      databaseUrl,
      `select count(*) filter (where r.wanted > r.seen or l.sync_state is distinct from 'in-sync')::int as left, max(l.error ->> 'message') as failed
       from repositories r left join lines l on l.repository_id = r.id`,
    );
    if (row?.left === 0) return;
    if (typeof row?.failed === 'string') throw new Error(`a first import failed: ${row.failed}`);
    say(`${row?.left} first imports are left`);
    await sleep(1_000);
  }
}

async function countRuns(databaseUrl: string): Promise<number> {
  const [row] = await query<{ runs: number }>(databaseUrl, 'select count(*)::int as runs from job_results');
  return row?.runs ?? 0;
}

/** The next look is planned anew when one is taken, so that one whose plan has changed was looked at, or is about to be. */
async function lookedAtAll(databaseUrl: string): Promise<void> {
  await query(databaseUrl, 'create table if not exists planned as select id, poll_after from repositories');
  const deadline = performance.now() + ROUND_WITHIN_MS;
  for (;;) {
    const [row] = await query<{ left: number }>(
      databaseUrl,
      'select count(*)::int as left from repositories r join planned p on p.id = r.id where p.poll_after = r.poll_after',
    );
    if (row?.left === 0) return;
    if (performance.now() > deadline) throw new Error(`${row?.left} repositories were not looked at within ${ROUND_WITHIN_MS / 1_000} s`);
    await sleep(500);
  }
}

interface Watched {
  readonly wallMs: number;
  readonly processorMs: number;
  readonly mostProcesses: number;
  readonly mostMb: number;
}

/** What a process, with everything it starts, takes while that is done. */
async function watch(pid: number | 'self', work: () => Promise<unknown>): Promise<Watched> {
  let [mostProcesses, mostMb] = [0, 0];
  const sample = setInterval(() => {
    mostProcesses = Math.max(mostProcesses, countBelow(pid === 'self' ? process.pid : pid));
    mostMb = Math.max(mostMb, residentMbOf(pid === 'self' ? process.pid : pid) ?? 0);
  }, SAMPLE_EVERY_MS);
  const startedAt = performance.now();
  const before = processorMsOf(pid) ?? 0;
  try {
    await work();
    return { wallMs: performance.now() - startedAt, processorMs: (processorMsOf(pid) ?? 0) - before, mostProcesses, mostMb };
  } finally {
    clearInterval(sample);
  }
}

/** User and system time, with that of children that have ended; undefined where the system does not tell (all but Linux). */
function processorMsOf(pid: number | 'self'): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * MS_PER_TICK;
  } catch {
    return undefined;
  }
}

/** Processes that descend from one. */
function countBelow(pid: number): number {
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
    return children.reduce((sum, child) => sum + 1 + countBelow(child), 0);
  } catch {
    // It has ended meanwhile.
    return 0;
  }
}

function toFindings(ours: Watched, reference: Watched, runs: number): readonly Finding[] {
  const [one, byHand] = [ours.processorMs / REPOSITORIES, reference.processorMs / REPOSITORIES];
  const isBounded = runs === 0 && ours.mostProcesses <= MOST_PROCESSES;
  return [
    {
      name: 'processor time of one look, all its processes',
      ours: ms(one),
      reference: { name: 'git ls-remote', ...ms(byHand) },
      goal: {
        words: `at most ${MOST_RATIO} times, no import, at most ${MOST_PROCESSES} processes`,
        met: isBounded && one <= MOST_RATIO * byHand,
      },
      notes: [`${runs} runs began`, `at most ${ours.mostProcesses} processes below the worker at once`],
    },
    {
      name: 'the round',
      ours: ms(ours.wallMs),
      reference: { name: 'git ls-remote, one by one', ...ms(reference.wallMs) },
      notes: [`looks at one host start 100 ms apart: not less than ${PACED_MS / 1_000} s of design`],
    },
    { name: 'memory of the worker during the round', ours: megabytes(ours.mostMb) },
  ];
}
