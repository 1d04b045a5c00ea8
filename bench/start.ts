import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Child } from './harness/child.ts';
import { startChild } from './harness/child.ts';
import type { Bench, BenchContext, Finding } from './harness/finding.ts';
import { megabytes, ms, spread } from './harness/finding.ts';
import type { Scope } from './harness/scope.ts';
import { withScope } from './harness/scope.ts';
import { planInstallation, startTributary, untilReady } from './harness/service.ts';
import { median } from './harness/statistics.ts';

const PGLITE = fileURLToPath(new URL('references/open-pglite.ts', import.meta.url));
const COLD_ROUNDS = 3;
const WARM_ROUNDS = 5;
const MOST_WARM_MS = 1_000;
const MOST_WARM_RATIO = 2;
const MOST_COLD_MS = 2_000;
const MOST_COLD_MB = 1_000;

interface Start {
  readonly ms: number;
  readonly peakMb: number | undefined;
}

interface Round {
  readonly ours: Start;
  readonly reference: Start;
}

/** From starting the process to the first 200 of readyz, beside a bare process that only opens PGlite. */
export const start: Bench = {
  title: 'embedded start to ready, beside opening PGlite alone',
  needsPostgres: false,
  run: async ({ scope, say }: BenchContext) => {
    const cold: Round[] = [];
    for (let round = 0; round < COLD_ROUNDS; round++) {
      say(`cold start, round ${round + 1} of ${COLD_ROUNDS}`);
      cold.push(await withScope(scope, (own) => measureRound(own, own.folder('cold'), join(own.folder('pglite'), 'database'))));
    }
    const folder = scope.folder('warm');
    await withScope(scope, (own) => startOurs(own, folder));
    const warm: Round[] = [];
    for (let round = 0; round < WARM_ROUNDS; round++) {
      say(`warm start, round ${round + 1} of ${WARM_ROUNDS}`);
      // The same folder for both, so that PGlite alone opens exactly what we open.
      warm.push(await withScope(scope, (own) => measureRound(own, folder, join(folder, 'database'))));
    }
    return [...toFindings('warm', warm), ...toFindings('cold', cold)];
  },
};

async function measureRound(scope: Scope, dataDir: string, databaseFolder: string): Promise<Round> {
  const ours = await withScope(scope, (own) => startOurs(own, dataDir));
  const reference = await withScope(scope, (own) => startPglite(own, databaseFolder));
  return { ours, reference };
}

async function startOurs(scope: Scope, dataDir: string): Promise<Start> {
  const installation = await planInstallation(dataDir, undefined);
  const child = startTributary(scope, installation, 'serve');
  const readyMs = await untilReady(installation, child);
  return finish(child, readyMs);
}

async function startPglite(scope: Scope, folder: string): Promise<Start> {
  const child = startChild(scope, { script: PGLITE, args: [folder] });
  await child.line(/ready/);
  return finish(child, performance.now() - child.startedAt);
}

async function finish(child: Child, readyMs: number): Promise<Start> {
  const peakMb = child.peakMb();
  await child.stop();
  return { ms: readyMs, peakMb };
}

function toFindings(name: 'warm' | 'cold', rounds: readonly Round[]): readonly Finding[] {
  const times = (who: keyof Round): number[] => rounds.map((round) => round[who].ms);
  const peaks = (who: keyof Round): number[] => rounds.flatMap((round) => round[who].peakMb ?? []);
  const ours = median(times('ours'));
  const reference = median(times('reference'));
  const goal =
    name === 'warm'
      ? { words: `under ${MOST_WARM_RATIO}x and under 1 s`, met: ours < MOST_WARM_MS && ours / reference < MOST_WARM_RATIO }
      : { words: `under ${MOST_COLD_MS / 1_000} s`, met: ours < MOST_COLD_MS };
  const time: Finding = {
    name: `${name} start`,
    ours: ms(ours),
    reference: { name: `PGlite alone, ${name}`, ...ms(reference) },
    goal,
    notes: [`${spread('ours', times('ours'))}; ${spread('PGlite', times('reference'))}`],
  };
  if (peaks('ours').length === 0) return [time];
  const peak = median(peaks('ours'));
  const memory: Finding = {
    name: `${name} start, peak memory`,
    ours: megabytes(peak),
    reference: { name: `PGlite alone, ${name}`, ...megabytes(median(peaks('reference'))) },
    ...(name === 'cold' && { goal: { words: `under ${MOST_COLD_MB} MB`, met: peak < MOST_COLD_MB } }),
  };
  return [time, memory];
}
