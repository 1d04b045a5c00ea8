import { createRepository, untilSynced } from './harness/api.ts';
import type { Child } from './harness/child.ts';
import { contextFiles } from './harness/content.ts';
import type { Bench, BenchContext, Finding } from './harness/finding.ts';
import { megabytes, ms, spread } from './harness/finding.ts';
import type { BenchForge } from './harness/forge.ts';
import { startConnected } from './harness/forge.ts';
import { makeRepository } from './harness/git.ts';
import type { Scope } from './harness/scope.ts';
import { withScope } from './harness/scope.ts';
import type { Installation } from './harness/service.ts';
import type { Stages, WrittenRows } from './harness/stages.ts';
import { measureStages, sumOf } from './harness/stages.ts';
import { median } from './harness/statistics.ts';

/** Up to so many files three rounds fit in half a minute; above, one has to do. */
const MOST_FILES_REPEATED = 20_000;
const WITHIN_MS = 10 * 60_000;
const MOST_PEAK_MB = 400;

interface Round {
  /** As the job result says: from the moment a worker took it to its end. */
  readonly runMs: number;
  /** As the person sees it: from the call that registers the repository. */
  readonly wallMs: number;
  readonly peakMb: number | undefined;
  readonly stages: Stages;
}

/** The first import of a repository that nobody has seen before, beside the sum of what it cannot do without. */
export const firstImport: Bench = {
  title: 'first import, beside the sum of clone --bare, cat-file --batch, parsing once in one thread and \\copy of the rows',
  needsPostgres: false,
  run: async ({ scope, server, files, say }: BenchContext) => {
    const databaseUrl = await server?.createDatabase(scope, 'import');
    const { installation, worker, forge, credential } = await startConnected(scope, databaseUrl);
    const rounds: Round[] = [];
    const count = files > MOST_FILES_REPEATED ? 1 : 3;
    for (let round = 1; round <= count; round++) {
      say(`${files} files, round ${round} of ${count}`);
      const name = `first-${round}`;
      const remote = await withScope(scope, (own) => publish(own, forge, name, files));
      const imported = await importRepository(installation, worker, { name, remote_url: remote.url, credential }, files);
      const written: WrittenRows | undefined =
        server === undefined || databaseUrl === undefined ? undefined : { server, databaseUrl, repositoryId: imported.repositoryId };
      const stages = await withScope(scope, (own) => measureStages(own, remote, written));
      rounds.push({ ...imported, stages });
    }
    return toFindings(files, rounds, databaseUrl !== undefined);
  },
};

/** Other names in every repository: an object has one owner. */
async function publish(scope: Scope, forge: BenchForge, name: string, files: number) {
  const remote = await forge.createRepository(name);
  const local = await makeRepository(scope, remote);
  await local.commit(contextFiles(name, files));
  await local.push();
  return remote;
}

async function importRepository(installation: Installation, worker: Child, fields: Readonly<Record<string, unknown>>, files: number) {
  const startedAt = performance.now();
  const repositoryId = await createRepository(installation, { provider: 'github', ...fields });
  const job = await untilSynced(installation, repositoryId, WITHIN_MS);
  const wallMs = performance.now() - startedAt;
  if (job.added !== files) throw new Error(`${job.added} of ${files} files became objects: ${job.summary}`);
  return { repositoryId, runMs: job.doneAt - job.startedAt, wallMs, peakMb: worker.peakMb() };
}

function toFindings(files: number, rounds: readonly Round[], onPostgres: boolean): readonly Finding[] {
  const name = `${files.toLocaleString('en-US')} files`;
  const runs = rounds.map((round) => round.runMs);
  const sums = rounds.map((round) => sumOf(round.stages));
  const ratio = median(rounds.map((round) => round.runMs / sumOf(round.stages)));
  const part = (stage: keyof Stages): string => `${stage} ${median(rounds.map((round) => round.stages[stage] ?? 0)).toFixed(0)} ms`;
  const parts = (['clone', 'read', 'parse', ...(onPostgres ? (['copy'] as const) : [])] as const).map(part).join(', ');
  const time: Finding = {
    name: `${name}, run`,
    ours: ms(median(runs)),
    reference: { name: onPostgres ? 'sum of stages' : 'sum of stages without \\copy', ...ms(median(sums)) },
    ...(onPostgres && { goal: { words: 'at most 1.0x', met: ratio <= 1 } }),
    notes: [
      `stages: ${parts}`,
      `${spread('ours', runs)}; ${spread('sum', sums)}`,
      `with registering and waiting ${median(rounds.map((round) => round.wallMs)).toFixed(0)} ms; ${Math.round((files / median(runs)) * 1_000)} objects/s`,
    ],
  };
  const peak = rounds.at(-1)?.peakMb;
  if (peak === undefined) return [time];
  const first = rounds[0]?.peakMb ?? peak;
  return [
    time,
    {
      name: `${name}, peak memory of the worker`,
      ours: megabytes(peak),
      ...(onPostgres && { goal: { words: `under ${MOST_PEAK_MB} MB (at 100,000 files)`, met: peak < MOST_PEAK_MB } }),
      notes: [`${first.toFixed(0)} MB after the first import, ${peak.toFixed(0)} MB after ${rounds.length}`],
    },
  ];
}
