import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { canariesIn } from '#test/support/canaries.ts';
import { context } from '#test/support/content-files.ts';
import { textOfDatabase } from '#test/support/database-text.ts';
import { runSql } from '#test/support/fresh-database.ts';
import { filesBelow } from '#test/support/files-below.ts';
import { startOtlpReceiver } from '#test/support/otlp-receiver.ts';
import { sampleProcesses } from '#test/support/processes.ts';
import { untilTrue } from '#test/support/until.ts';
import type { Registered, World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';
import type { Fault } from './fault.ts';

const TOKEN = `ghp_${'CanaryOfTheFaultRun'.padEnd(36, '7')}`;
/** What a careless provider or proxy may say: the request's own credential, as it came. */
const ECHO = `remote: the token ${TOKEN} (${Buffer.from(`x-access-token:${TOKEN}`).toString('base64')}) is not valid`;

type Setting = (world: World, name: string) => Promise<unknown>;

const git =
  (action: Parameters<World['forge']['addFault']>[0]['action'], end = ''): Setting =>
  ({ forge }, name) =>
    forge.addFault({ target: 'git', match: { path: `/acme/${name}${end}` }, action });

/** Twelve ways in which a sync fails, each set before the repository is registered. */
const WAYS: Readonly<Record<string, Setting>> = {
  unauthorized: git({ kind: 'respond', status: 401, body: { message: ECHO } }),
  forbidden: git({ kind: 'respond', status: 403, body: { message: ECHO } }),
  'not-found': git({ kind: 'respond', status: 404, body: { message: ECHO } }),
  limited: git({ kind: 'respond', status: 429, body: { message: ECHO } }),
  broken: git({ kind: 'respond', status: 500, body: { message: ECHO } }),
  moved: git({ kind: 'respond', status: 302, headers: { location: `https://x-access-token:${TOKEN}@example.invalid/a.git` } }),
  nonsense: git({ kind: 'respond', status: 200, body: { message: ECHO } }),
  dropped: git({ kind: 'drop' }),
  hanging: git({ kind: 'hang' }),
  'cut-off': git({ kind: 'truncate', bytes: 20 }, '.*upload-pack$'),
  invalid: async () => undefined,
  killed: git({ kind: 'hang' }),
};

/** A broken file, and one that a parser has to give up on. */
const INVALID = { 'config_contexts/a.json': '{"broken', 'config_contexts/deep.json': '['.repeat(200_000) };

/** SECURITY.md CRED-01: every secret is searched, in every form, on every surface, after good syncs and failing ones. */
export const secrets: Fault = {
  title: 'canary secrets searched everywhere after good syncs and ones that fail in twelve ways',
  rounds: 100,
  run: async ({ scope, postgres, rounds, say }) => {
    const answers: string[] = [];
    const collector = await startOtlpReceiver(scope);
    const world = await startWorld(scope, {
      serverUrl: postgres.url,
      token: TOKEN,
      env: {
        SYNC_TIMEOUT_S: '3',
        LOG_LEVEL: 'trace',
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_HEADERS: 'x-key=collector-canary-key',
      },
      onAnswer: (text) => answers.push(text),
    });
    const samplers = world.service.processes.map(({ dataDir }) => sampleProcesses(dataDir));
    const good = await world.register('secrets-good', { 'config_contexts/a.json': context('Good') });
    const { secret: hookSecret } = await world.rotateHook(good);
    // The one answer that is to hold it.
    answers.pop();
    const canaries = [TOKEN, world.service.adminToken, hookSecret, 'collector-canary-key'];

    const runs = { good: 0, failed: 0 };
    for (let round = 1; round <= rounds; round++) {
      await world.push(good, { 'config_contexts/a.json': context('Good', { round }) });
      const { status } = await world.api.sync(good.id);
      if (status.value === 'SUCCESS') runs.good++;
      if (round % 20 === 0) say(`${round} good syncs`);
    }
    const failing = await registerFailing(world);
    for (let time = 0; runs.failed < rounds; time++) {
      for (const { id, name } of failing) {
        const { status } = await world.api.sync(id);
        if (status.value === 'FAILURE') runs.failed++;
        else if (time === 0) say(`${name} did not fail`);
      }
      say(`${runs.failed} failed syncs`);
      // Every way was seen once; looking at all processes all the time takes more than the syncs do.
      for (const sampler of samplers) await sampler.stop();
    }
    await killInTheMiddle(world);
    await refuseStatus(world, good);
    await askEverything(world);
    const seen = samplers.flatMap((sampler) => sampler.seen());
    for (const process of world.service.processes) await process.stop();

    const surfaces: Readonly<Record<string, readonly string[]>> = {
      // A process was given its own token in its environment by whoever started it.
      'arguments and environments': seen.map((text) => text.replaceAll(/^(?:TRIBUTARY_ADMIN_TOKEN|OTEL_EXPORTER_OTLP_HEADERS)=.*$/gm, '')),
      logs: [world.service.output()],
      answers,
      traces: collector.raw().map((text) => text.slice(text.indexOf('\n'))),
      statuses: (await world.forge.effects())
        .filter(({ method, path }) => method === 'POST' && path.includes('/statuses/'))
        .map(({ body }) => JSON.stringify(body)),
      database: (await textOfDatabase(world.service.databaseUrl ?? '')).map(({ text }) => text),
      files: world.service.processes.flatMap(({ dataDir }) => filesBelow(dataDir)).map(({ bytes }) => bytes.toString('latin1')),
      'cores and temporary files': readdirSync(tmpdir()).filter((name) => /^core(?:\.|$)|^tributary-doctor/.test(name)),
    };
    const problems = Object.entries(surfaces).flatMap(([surface, texts]) =>
      canariesIn(texts, canaries).map((canary) => `${surface}: the ${canaryName(canaries, canary)} is there`),
    );
    const empty = Object.entries(surfaces).filter(([surface, texts]) => texts.length === 0 && surface !== 'cores and temporary files');
    return {
      counts: {
        'good syncs': runs.good,
        'failed syncs': runs.failed,
        ways: Object.keys(WAYS).length,
        surfaces: Object.keys(surfaces).length,
        texts: Object.values(surfaces).flat().length,
      },
      problems: [...problems, ...empty.map(([surface]) => `${surface}: nothing was looked at`)],
    };
  },
};

function canaryName(canaries: readonly string[], canary: string): string {
  return ['Git token', 'admin token', 'hook secret', 'collector key'][canaries.indexOf(canary)] ?? 'secret';
}

async function registerFailing(world: World): Promise<readonly Registered[]> {
  const failing: Registered[] = [];
  for (const [way, set] of Object.entries(WAYS)) {
    if (way === 'killed') continue;
    const name = `secrets-${way}`;
    await set(world, name);
    failing.push(await world.registerOnly(name, way === 'invalid' ? INVALID : { 'config_contexts/a.json': context(name) }));
  }
  return failing;
}

async function killInTheMiddle(world: World): Promise<void> {
  await WAYS['killed']?.(world, 'secrets-killed');
  const { id } = await world.registerOnly('secrets-killed', { 'config_contexts/a.json': context('Killed') });
  await untilTrue('the sync to run', async () => (await world.api.runs(id)).some(({ status }) => status.value === 'STARTED'));
  const [worker] = world.service.workers;
  if (worker === undefined) throw new Error('no worker');
  await worker.kill();
  await world.service.startAgain(worker);
  await untilTrue('the killed sync to end', async () => (await world.api.runs(id)).some(({ status }) => status.value === 'FAILURE'));
}

/** The token is taken away after the clone, and the provider says so in its own way. */
async function refuseStatus(world: World, repository: Registered): Promise<void> {
  await world.forge.addFault({
    target: 'api',
    match: { path: '/acme/secrets-good/' },
    action: { kind: 'respond', status: 401, body: { message: ECHO } },
  });
  await world.push(repository, { 'config_contexts/a.json': context('Good', { last: true }) });
  const refused = `select 1 from reports where problem is not null or sent_version < version`;
  await untilTrue('the refused status', async () => (await runSql(world.service.databaseUrl ?? '', refused)).length > 0);
}

async function askEverything({ api, service }: World): Promise<void> {
  const repositories = await api.list<{ readonly id: string }>('/api/extras/git-repositories/');
  const runs = await api.list<{ readonly id: string }>('/api/extras/job-results/');
  const paths = [
    ...repositories.flatMap(({ id }) => [`/api/extras/git-repositories/${id}/`, `/api/extras/git-repositories/${id}/webhook/`]),
    ...runs.flatMap(({ id }) => [`/api/extras/job-results/${id}/`, `/api/extras/job-results/${id}/logs/`]),
    '/api/organizations/default/git-tokens/',
    '/api/organizations/default/webhook-deliveries/',
    '/api/checks/',
    '/api/workers/',
    '/api/openapi.json',
    '/metrics',
    '/readyz',
    '/help/',
    '/',
  ];
  for (const path of paths) await api.call('GET', path);
  if (service.webs.length === 0) throw new Error('no web process was asked');
}
