import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { call, createRepository } from './harness/api.ts';
import type { Bench, BenchContext, Finding } from './harness/finding.ts';
import { megabytes, ms, perSecond } from './harness/finding.ts';
import type { LoadResult } from './harness/load.ts';
import { generateLoad } from './harness/load.ts';
import { pushPayload } from './harness/payload.ts';
import type { Scope } from './harness/scope.ts';
import { planInstallation, startTributary, untilReady } from './harness/service.ts';

const CONNECTIONS = 32;
const DURATION_MS = 5_000;
/** Senders wait no longer. */
const MOST_P99_MS = 10_000;

/** One process that is web, worker and database while deliveries come in as fast as they are answered. */
export const embeddedLoad: Bench = {
  title: `signed 10 KB push deliveries over ${CONNECTIONS} connections into the embedded database, routed meanwhile`,
  needsPostgres: false,
  run: async ({ scope }: BenchContext) => {
    const dataDir = scope.folder('embedded');
    const installation = await planInstallation(dataDir, undefined);
    const child = startTributary(scope, installation, 'serve');
    await untilReady(installation, child);
    // No server of that name is asked: the repository follows no branch that the deliveries are about.
    const repository = await createRepository(installation, {
      name: 'net-config',
      remote_url: 'https://github.com/acme/net-config.git',
      branch: 'another',
    });
    const hook = await call(installation, 'POST', `/api/extras/git-repositories/${repository}/webhook/`);
    const { port, pathname } = new URL(String(hook['url']));
    const body = pushPayload({ owner: 'acme', name: 'net-config' }).toString('base64');
    const order = {
      port: Number(port),
      path: pathname,
      secret: String(hook['secret']),
      body,
      connections: CONNECTIONS,
      durationMs: DURATION_MS,
    };
    const result = await generateLoad(scope, order);
    if (result.refused > 0) throw new Error(`${result.refused} deliveries were refused, the last with ${result.lastRefusal}`);
    const peakMb = child.peakMb();
    await child.stop();
    await requireAll(scope, join(dataDir, 'database'), result);
    return toFindings(result, peakMb);
  },
};

/** Looks for every acknowledged delivery in the folder that the ended process left. */
async function requireAll(scope: Scope, folder: string, { acknowledged }: LoadResult): Promise<void> {
  const pglite = await PGlite.create(folder);
  scope.defer(() => pglite.close());
  const { rows } = await pglite.query<{ readonly delivery_key: string }>('select delivery_key from deliveries');
  const stored = new Set(rows.map((row) => row.delivery_key));
  const lost = acknowledged.filter((id) => !stored.has(id));
  if (lost.length > 0) throw new Error(`${lost.length} of ${acknowledged.length} deliveries were acknowledged and are not there`);
}

function toFindings(result: LoadResult, peakMb: number | undefined): readonly Finding[] {
  return [
    {
      name: 'rate',
      ours: perSecond(result.perSecond),
      notes: [`all ${result.acknowledged.length} acknowledged deliveries are rows after the process ended`],
    },
    { name: 'p50', ours: ms(result.p50Ms) },
    { name: 'p99', ours: ms(result.p99Ms), goal: { words: `under ${MOST_P99_MS / 1_000} s`, met: result.p99Ms < MOST_P99_MS } },
    ...(peakMb === undefined ? [] : [{ name: 'peak memory', ours: megabytes(peakMb) }]),
  ];
}
