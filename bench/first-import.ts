import type { Bench, BenchContext, Finding } from './harness/finding.ts';
import { megabytes, ms, spread } from './harness/finding.ts';
import type { FirstImport } from './harness/first.ts';
import { importNew } from './harness/first.ts';
import { startConnected } from './harness/forge.ts';
import type { Server } from './harness/postgres.ts';
import type { Scope } from './harness/scope.ts';
import { withScope } from './harness/scope.ts';
import type { Stages, WrittenRows } from './harness/stages.ts';
import { measureStages, sumOf } from './harness/stages.ts';
import { median } from './harness/statistics.ts';

/** Up to so many files three rounds fit in half a minute; above, one has to do. */
const MOST_FILES_REPEATED = 20_000;
const MOST_PEAK_MB = 400;
/** What a peak that does not grow with the repository may still differ by. */
const MOST_GROWTH = 1.1;

interface Round extends FirstImport {
  readonly stages: Stages;
}

interface Size {
  readonly files: number;
  readonly rounds: readonly Round[];
}

/** The first import of a repository that nobody has seen before, beside the sum of what it cannot do without. */
export const firstImport: Bench = {
  title: 'first import, beside the sum of clone --bare, cat-file --batch, parsing once in one thread and \\copy of the rows',
  needsPostgres: false,
  run: async ({ scope, server, files: sizes, say }: BenchContext) => {
    const measured: Size[] = [];
    // Each size in processes of its own, whose peak is then its own.
    for (const files of sizes) measured.push(await withScope(scope, (own) => measureSize(own, server, files, say)));
    return [...measured.flatMap((size) => toFindings(size, server !== undefined)), ...growth(measured)];
  },
};

async function measureSize(scope: Scope, server: Server | undefined, files: number, say: BenchContext['say']): Promise<Size> {
  const databaseUrl = await server?.createDatabase(scope, 'import');
  const connected = await startConnected(scope, databaseUrl);
  const rounds: Round[] = [];
  const count = files > MOST_FILES_REPEATED ? 1 : 3;
  for (let round = 1; round <= count; round++) {
    say(`${files} files, round ${round} of ${count}`);
    const imported = await importNew(scope, connected, `first-${round}`, files);
    const { remote, repositoryId } = imported;
    const written: WrittenRows | undefined =
      server === undefined || databaseUrl === undefined ? undefined : { server, databaseUrl, repositoryId };
    rounds.push({ ...imported, stages: await withScope(scope, (own) => measureStages(own, remote, written)) });
  }
  return { files, rounds };
}

/** Memory at the largest size beside that at the smallest. */
function growth(sizes: readonly Size[]): readonly Finding[] {
  const [small, large] = [sizes.at(0), sizes.at(-1)];
  const [least, most] = [small?.rounds.at(-1)?.peakMb, large?.rounds.at(-1)?.peakMb];
  if (small === undefined || large === undefined || small === large || least === undefined || most === undefined) return [];
  return [
    {
      name: `peak memory at ${large.files.toLocaleString('en-US')} files`,
      ours: megabytes(most),
      reference: { name: `at ${small.files.toLocaleString('en-US')}`, ...megabytes(least) },
      goal: { words: `flat: at most ${MOST_GROWTH}x`, met: most <= least * MOST_GROWTH },
    },
  ];
}

function toFindings({ files, rounds }: Size, onPostgres: boolean): readonly Finding[] {
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
