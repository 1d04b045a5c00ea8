import { setTimeout as sleep } from 'node:timers/promises';
import { residentMbOf } from './harness/child.ts';
import type { Bench, BenchContext, Finding } from './harness/finding.ts';
import { megabytes } from './harness/finding.ts';
import { startService } from './harness/service.ts';

/** Long enough for what a start leaves to be collected, and for every poll to have come by. */
const REST_MS = 15_000;

/** What a process takes that has nothing to do. */
export const idle: Bench = {
  title: 'memory of an idle web and worker process; without PostgreSQL, of one that is both',
  needsPostgres: false,
  run: async ({ scope, server, say }: BenchContext) => {
    const { web, worker } = await startService(scope, await server?.createDatabase(scope, 'idle'));
    say(`waiting ${REST_MS / 1_000} s`);
    await sleep(REST_MS);
    const kinds = web === worker ? [['serve', web] as const] : [['web', web] as const, ['worker', worker] as const];
    return kinds.flatMap(([name, { pid }]): readonly Finding[] => {
      const resident = residentMbOf(pid);
      return resident === undefined ? [] : [{ name: `${name}, idle`, ours: megabytes(resident) }];
    });
  },
};
