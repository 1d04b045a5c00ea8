import { call, createRepository, untilJob, untilSynced } from './harness/api.ts';
import { contextFile, contextFiles } from './harness/content.ts';
import { openFetcher } from './harness/fetcher.ts';
import type { Bench, BenchContext, Finding } from './harness/finding.ts';
import { ms, spread } from './harness/finding.ts';
import type { BenchForge } from './harness/forge.ts';
import { startConnected } from './harness/forge.ts';
import type { LocalRepository, Remote } from './harness/git.ts';
import { git, makeRepository, timed } from './harness/git.ts';
import type { Scope } from './harness/scope.ts';
import type { Installation } from './harness/service.ts';
import { median } from './harness/statistics.ts';

const SMALL = 1_000;
const ROUNDS = 9;
const WARM_UPS = 2;
const MOST_RATIO = 1.5;
const MOST_UNCHANGED_RATIO = 1.3;
const WITHIN_MS = 10 * 60_000;

/** A registered repository that was imported once, and a clone that only fetches. */
interface Place {
  readonly files: number;
  readonly name: string;
  readonly id: string;
  readonly remote: Remote;
  readonly local: LocalRepository;
  readonly fetchPush: () => Promise<unknown>;
}

interface Round {
  readonly runMs: number;
  readonly fetchMs: number;
  readonly unchangedMs: number;
  readonly lsRemoteMs: number;
}

/** The cost of a push has to follow what changed, not how much is there. */
export const incremental: Bench = {
  title: 'one changed file of many, beside the same of 1,000; nothing changed, beside one `git ls-remote`',
  needsPostgres: false,
  run: async ({ scope, server, files: [files], say }: BenchContext) => {
    const databaseUrl = await server?.createDatabase(scope, 'incremental');
    const { installation, forge, credential } = await startConnected(scope, databaseUrl);
    say(`importing ${SMALL} and ${files} files`);
    const small = await openPlace(scope, installation, forge, credential, SMALL);
    const large = await openPlace(scope, installation, forge, credential, files);
    const rounds: { readonly small: Round; readonly large: Round }[] = [];
    for (let number = 1; number <= WARM_UPS + ROUNDS; number++) {
      say(`push ${number} of ${WARM_UPS + ROUNDS}`);
      const one = await changeOne(installation, small, number);
      const other = await changeOne(installation, large, number);
      if (number > WARM_UPS) rounds.push({ small: one, large: other });
    }
    return toFindings(files, rounds);
  },
};

async function openPlace(scope: Scope, installation: Installation, forge: BenchForge, credential: string, files: number): Promise<Place> {
  const name = `grown-${files}`;
  const remote = await forge.createRepository(name);
  const local = await makeRepository(scope, remote);
  await local.commit(contextFiles(name, files));
  await local.push();
  const id = await createRepository(installation, { provider: 'github', name, remote_url: remote.url, credential });
  await untilSynced(installation, id, WITHIN_MS);
  await forge.untilHooked(name);
  return { files, name, id, remote, local, fetchPush: await openFetcher(scope, remote) };
}

async function changeOne(installation: Installation, { id, name, files, local, remote, fetchPush }: Place, number: number): Promise<Round> {
  const commit = await local.commit([contextFile(name, (number * 37) % files, number)]);
  await local.push();
  const run = await untilSynced(installation, id, WITHIN_MS, commit);
  const fetchMs = await timed(fetchPush);
  const asked = await call(installation, 'POST', `/api/extras/git-repositories/${id}/sync/`);
  const unchanged = await untilJob(installation, asked['job_result'], WITHIN_MS);
  const lsRemoteMs = await timed(() => git(['ls-remote', '--quiet', remote.url], { remote }));
  return { runMs: run.doneAt - run.startedAt, fetchMs, unchangedMs: unchanged.doneAt - unchanged.startedAt, lsRemoteMs };
}

function toFindings(files: number, rounds: readonly { readonly small: Round; readonly large: Round }[]): readonly Finding[] {
  const of = (where: 'small' | 'large', figure: keyof Round): number[] => rounds.map((round) => round[where][figure]);
  const small = median(of('small', 'runMs'));
  const large = median(of('large', 'runMs'));
  const moreFetch = Math.max(0, median(of('large', 'fetchMs')) - median(of('small', 'fetchMs')));
  const unchanged = median(of('large', 'unchangedMs'));
  const lsRemote = median(of('large', 'lsRemoteMs'));
  return [
    {
      name: `one changed file of ${files.toLocaleString('en-US')}`,
      ours: ms(large),
      reference: { name: `of ${SMALL.toLocaleString('en-US')}`, ...ms(small) },
      goal: { words: `at most ${MOST_RATIO}x, plus Git's own fetch`, met: large <= small * MOST_RATIO + moreFetch },
      notes: [
        `git fetch alone ${median(of('large', 'fetchMs')).toFixed(0)} ms of ${files}, ${median(of('small', 'fetchMs')).toFixed(0)} ms of ${SMALL}`,
        `${spread('large', of('large', 'runMs'))}; ${spread('small', of('small', 'runMs'))}`,
      ],
    },
    {
      name: `nothing changed in ${files.toLocaleString('en-US')}`,
      ours: ms(unchanged),
      reference: { name: 'git ls-remote', ...ms(lsRemote) },
      goal: { words: `at most ${MOST_UNCHANGED_RATIO}x`, met: unchanged <= lsRemote * MOST_UNCHANGED_RATIO },
    },
  ];
}
