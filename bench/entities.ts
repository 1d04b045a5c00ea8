import { setTimeout as sleep } from 'node:timers/promises';
import { load } from 'js-yaml';
import { startChild } from './harness/child.ts';
import { contextFile } from './harness/content.ts';
import type { Bench, BenchContext, Finding } from './harness/finding.ts';
import { perSecond } from './harness/finding.ts';
import { importNew } from './harness/first.ts';
import { startConnected } from './harness/forge.ts';
import { freePort } from '#test/support/free-port.ts';
import { query } from './harness/postgres.ts';
import type { Scope } from './harness/scope.ts';

/** As many for both. Backstage needs half a minute for them where nothing else runs. */
const ENTITIES = 5_000;
const LEAST_RATIO = 50;
const WITHIN_MS = 8 * 60_000;
const LOOK_EVERY_MS = 100;

/** Ours from the start of the run to its end: fetched, parsed, checked and served. Backstage's from being given objects to their last row. */
export const entities: Bench = {
  title: `${ENTITIES} config contexts imported, beside Backstage's catalog given as many objects of the same content (--peers)`,
  needsPostgres: true,
  run: async ({ scope, server, peers, say }: BenchContext) => {
    if (server === undefined || peers === undefined) return [];
    say('ours');
    const { installation, worker, forge, credential } = await startConnected(scope, await server.createDatabase(scope, 'entities'));
    const { runMs } = await importNew(scope, { installation, worker, forge, credential }, 'entities', ENTITIES);
    say('Backstage');
    const theirsMs = await measureBackstage(scope, peers.backstage, await server.createDatabase(scope, 'backstage'));
    return toFindings(runMs, theirsMs);
  },
};

async function measureBackstage(scope: Scope, script: string, databaseUrl: string): Promise<number> {
  const content = load(contextFile('backstage', 0)[1]);
  const env = {
    PORT: String(await freePort()),
    DATABASE_URL: databaseUrl,
    ENTITIES: String(ENTITIES),
    SPEC: JSON.stringify({ content }),
    NODE_ENV: 'production',
  };
  const child = startChild(scope, { script, env });
  await Promise.race([
    child.line(/begun/),
    child.ended.then(({ output }) => Promise.reject(new Error(`Backstage ended before it began:\n${output}`))),
  ]);
  const begunAt = performance.now();
  for (;;) {
    const [row] = await query<{ count: number }>(
      databaseUrl,
      'select count(*)::int as count from catalog.final_entities where final_entity is not null',
    );
    const tookMs = performance.now() - begunAt;
    if ((row?.count ?? 0) >= ENTITIES) return tookMs;
    if (tookMs > WITHIN_MS) throw new Error(`Backstage had ${row?.count} of ${ENTITIES} entities after ${WITHIN_MS / 60_000} minutes`);
    await sleep(LOOK_EVERY_MS);
  }
}

function toFindings(oursMs: number, theirsMs: number): readonly Finding[] {
  const ratio = theirsMs / oursMs;
  return [
    {
      name: 'entities per second',
      ours: perSecond((ENTITIES / oursMs) * 1_000),
      reference: { name: 'Backstage catalog', ...perSecond((ENTITIES / theirsMs) * 1_000) },
      goal: { words: `at least ${LEAST_RATIO}x`, met: ratio >= LEAST_RATIO },
      notes: [
        `ours ${oursMs.toFixed(0)} ms, Backstage ${(theirsMs / 1_000).toFixed(1)} s, which also stitches relations and fills a search index`,
      ],
    },
  ];
}
