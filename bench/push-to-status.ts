import { createRepository, untilSynced } from './harness/api.ts';
import { contextFile, contextFiles } from './harness/content.ts';
import type { Bench, BenchContext, Finding } from './harness/finding.ts';
import { ms } from './harness/finding.ts';
import { startConnected } from './harness/forge.ts';
import { makeRepository, timed } from './harness/git.ts';
import { openFetcher } from './harness/fetcher.ts';
import { median, quantile } from './harness/statistics.ts';

const FILES = 20;
const PUSHES = 15;
const WARM_UPS = 2;
const MOST_MORE_MS = 150;
const WITHIN_MS = 60_000;

interface Push {
  readonly statusMs: number;
  readonly fetchMs: number;
}

/** From the end of a developer's `git push` to the final status at the provider, beside what bringing the commit over costs alone. */
export const pushToStatus: Bench = {
  title: 'end of `git push` to the final status at the forge, beside a bare `git fetch` of the same push',
  needsPostgres: false,
  run: async ({ scope, server, say }: BenchContext) => {
    const databaseUrl = await server?.createDatabase(scope, 'push');
    const { installation, forge, credential } = await startConnected(scope, databaseUrl);
    const remote = await forge.createRepository('net-config');
    const local = await makeRepository(scope, remote);
    await local.commit(contextFiles('small', FILES));
    await local.push();
    const repository = await createRepository(installation, { provider: 'github', name: 'net-config', remote_url: remote.url, credential });
    await untilSynced(installation, repository, WITHIN_MS);
    await forge.untilHooked('net-config');
    const fetchPush = await openFetcher(scope, remote);
    const pushes: Push[] = [];
    for (let number = 1; number <= WARM_UPS + PUSHES; number++) {
      say(`push ${number} of ${WARM_UPS + PUSHES}`);
      const commit = await local.commit([contextFile('small', number % FILES, number)]);
      await local.push();
      const pushedAt = Date.now();
      const statusAt = await forge.untilFinalStatus('net-config', commit);
      const fetchMs = await timed(fetchPush);
      if (number > WARM_UPS) pushes.push({ statusMs: statusAt - pushedAt, fetchMs });
    }
    return toFindings(pushes);
  },
};

function toFindings(pushes: readonly Push[]): readonly Finding[] {
  const statuses = pushes.map((push) => push.statusMs);
  const ours = median(statuses);
  const fetch = median(pushes.map((push) => push.fetchMs));
  return [
    {
      name: `push to status, median of ${pushes.length}`,
      ours: ms(ours),
      reference: { name: 'git fetch', ...ms(fetch) },
      goal: { words: `at most ${MOST_MORE_MS} ms more`, met: ours - fetch <= MOST_MORE_MS },
      notes: [
        `${(ours - fetch).toFixed(0)} ms more than the fetch; slowest ${Math.max(...statuses)} ms, p90 ${quantile(statuses, 0.9).toFixed(0)} ms`,
      ],
    },
  ];
}
