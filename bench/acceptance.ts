import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { call, createRepository } from './harness/api.ts';
import { startChild } from './harness/child.ts';
import type { Bench, BenchContext, Finding } from './harness/finding.ts';
import { ms, perSecond, spread } from './harness/finding.ts';
import type { LoadResult } from './harness/load.ts';
import { generateLoad } from './harness/load.ts';
import { pushPayload } from './harness/payload.ts';
import { freePort } from '#test/support/free-port.ts';
import { query } from './harness/postgres.ts';
import type { Scope } from './harness/scope.ts';
import { planInstallation, startWeb } from './harness/service.ts';
import { median } from './harness/statistics.ts';

const REFERENCE = fileURLToPath(new URL('references/fastify-insert.ts', import.meta.url));
const CONNECTIONS = [32, 128];
const ROUNDS = 3;
const ROUND_MS = 2_500;
const WARM_UP_MS = 1_500;
const MOST_P99_MS = 100;

const LEAST_OF_PROBOT = 0.35;

/** A server that takes deliveries, and the table it keeps them in, if it keeps them. */
interface Target {
  readonly port: number;
  readonly path: string;
  readonly secret: string;
  readonly kept?: { readonly table: string; readonly key: string };
}

interface Round {
  readonly connections: number;
  readonly ours: LoadResult;
  readonly reference: LoadResult;
  readonly probot: LoadResult | undefined;
}

/** Durable acceptance: a delivery counts when it was answered 202 and is a row. */
export const acceptance: Bench = {
  title: 'signed 10 KB push deliveries made durable, beside Fastify + HMAC + one INSERT each',
  needsPostgres: true,
  run: async ({ scope, server, peers, say }: BenchContext) => {
    if (server === undefined) return [];
    const url = await server.createDatabase(scope, 'acceptance');
    const ours = await startOurs(scope, url);
    const reference = await startReference(scope, url);
    const probot = peers && (await startProbot(scope, peers.probot));
    const body = pushPayload({ owner: 'acme', name: 'net-config' }).toString('base64');
    const load = (target: Target, connections: number, durationMs: number): Promise<LoadResult> =>
      loadAndVerify(scope, url, target, { body, connections, durationMs });
    for (const target of [ours, reference, ...(probot ? [probot] : [])]) await load(target, 32, WARM_UP_MS);
    const rounds: Round[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      for (const connections of CONNECTIONS) {
        say(`round ${round + 1} of ${ROUNDS}, ${connections} connections`);
        // Who goes first alternates: what a round leaves behind (WAL, caches) must not always meet the same one.
        const order = round % 2 === 0 ? [ours, reference] : [reference, ours];
        const results = new Map<Target, LoadResult>();
        for (const target of order) results.set(target, await load(target, connections, ROUND_MS));
        const [one, other] = [results.get(ours), results.get(reference)];
        if (one === undefined || other === undefined) throw new Error('both were measured');
        rounds.push({ connections, ours: one, reference: other, probot: probot && (await load(probot, connections, ROUND_MS)) });
      }
    }
    return CONNECTIONS.flatMap((connections) =>
      toFindings(
        connections,
        rounds.filter((round) => round.connections === connections),
      ),
    );
  },
};

async function startOurs(scope: Scope, databaseUrl: string): Promise<Target> {
  const installation = await planInstallation(scope.folder('data'), databaseUrl);
  await startWeb(scope, installation);
  // Nothing is ever fetched from this address: no worker runs.
  const repository = await createRepository(installation, { name: 'net-config', remote_url: 'https://github.com/acme/net-config.git' });
  const hook = await call(installation, 'POST', `/api/extras/git-repositories/${repository}/webhook/`);
  const { port, pathname } = new URL(String(hook['url']));
  return { port: Number(port), path: pathname, secret: String(hook['secret']), kept: { table: 'deliveries', key: 'delivery_key' } };
}

async function startReference(scope: Scope, databaseUrl: string): Promise<Target> {
  const port = await freePort();
  const secret = randomBytes(20).toString('hex');
  const child = startChild(scope, { script: REFERENCE, env: { PORT: String(port), DATABASE_URL: databaseUrl, SECRET: secret } });
  await child.line(/ready/);
  return { port, path: '/webhook', secret, kept: { table: 'plain_deliveries', key: 'id::text' } };
}

async function startProbot(scope: Scope, script: string): Promise<Target> {
  const port = await freePort();
  const secret = randomBytes(20).toString('hex');
  const child = startChild(scope, { script, env: { PORT: String(port), SECRET: secret } });
  await child.line(/ready/);
  return { port, path: '/webhook', secret };
}

async function loadAndVerify(
  scope: Scope,
  url: string,
  { port, path, secret, kept }: Target,
  order: { readonly body: string; readonly connections: number; readonly durationMs: number },
): Promise<LoadResult> {
  if (kept !== undefined) await query(url, `truncate ${kept.table}`);
  await query(url, 'checkpoint');
  const result = await generateLoad(scope, { port, path, secret, ...order });
  if (result.refused > 0) throw new Error(`${path}: ${result.refused} deliveries were refused, the last with ${result.lastRefusal}`);
  if (kept === undefined) return result;
  const { table, key } = kept;
  const [lost] = await query<{ count: number }>(
    url,
    `select count(*)::int as count from unnest($1::text[]) as sent(key) where not exists (select from ${table} where ${table}.${key} = sent.key)`,
    [result.acknowledged],
  );
  if (lost?.count !== 0) throw new Error(`${path}: ${lost?.count} deliveries were acknowledged and are not in ${table}`);
  return result;
}

function toFindings(connections: number, rounds: readonly Round[]): readonly Finding[] {
  const of = (who: 'ours' | 'reference', figure: 'perSecond' | 'p50Ms' | 'p99Ms'): number[] => rounds.map((round) => round[who][figure]);
  const ratio = median(rounds.map((round) => round.ours.perSecond / round.reference.perSecond));
  const p99 = median(of('ours', 'p99Ms'));
  const rows = rounds.reduce((sum, round) => sum + round.ours.acknowledged.length, 0);
  const name = `${connections} connections`;
  return [
    {
      name: `${name}, rate`,
      ours: perSecond(median(of('ours', 'perSecond'))),
      reference: { name: 'Fastify + INSERT', ...perSecond(median(of('reference', 'perSecond'))) },
      goal: { words: 'at least 1.0x', met: ratio >= 1 },
      notes: [
        `median of the rounds' own ratios ${ratio.toFixed(2)}x; ${spread('ours', of('ours', 'perSecond'))}; ${spread('reference', of('reference', 'perSecond'))}`,
        `all ${rows} acknowledged deliveries are rows`,
      ],
    },
    {
      name: `${name}, p50`,
      ours: ms(median(of('ours', 'p50Ms'))),
      reference: { name: 'Fastify + INSERT', ...ms(median(of('reference', 'p50Ms'))) },
    },
    {
      name: `${name}, p99`,
      ours: ms(p99),
      reference: { name: 'Fastify + INSERT', ...ms(median(of('reference', 'p99Ms'))) },
      goal: { words: `under ${MOST_P99_MS} ms`, met: p99 < MOST_P99_MS },
    },
    ...besideProbot(name, rounds),
  ];
}

function besideProbot(name: string, rounds: readonly Round[]): readonly Finding[] {
  const pairs = rounds.flatMap(({ ours, probot }) => (probot === undefined ? [] : [{ ours: ours.perSecond, probot: probot.perSecond }]));
  if (pairs.length === 0) return [];
  const ratio = median(pairs.map(({ ours, probot }) => ours / probot));
  return [
    {
      name: `${name}, rate beside Probot`,
      ours: perSecond(median(pairs.map(({ ours }) => ours))),
      reference: { name: 'Probot, stores nothing', ...perSecond(median(pairs.map(({ probot }) => probot))) },
      goal: { words: `at least ${LEAST_OF_PROBOT}x`, met: ratio >= LEAST_OF_PROBOT },
    },
  ];
}
