import { context } from '#test/support/content-files.ts';
import type { Weather } from '#test/support/tcp-proxy.ts';
import { startTcpProxy } from '#test/support/tcp-proxy.ts';
import { finalStatus } from '#test/support/statuses.ts';
import { until } from '#test/support/until.ts';
import { startWorld } from '#test/support/world.ts';
import type { Fault } from './fault.ts';
import { checkSettled } from './settled.ts';

const SYNC_TIMEOUT_S = 15;
/** A run may take its time limit and what it takes to end Git and to write that down. */
const ENDED_WITHIN_MS = (SYNC_TIMEOUT_S + 15) * 1_000;
/** Any of these is a network that is bad, and is tried again; anything else would be a mistake about what happened. */
const NETWORK = ['CONNECTION_FAILED', 'CLONE_TIMEOUT', 'PROVIDER_FAILED'];

interface BadWeather {
  readonly weather: Weather;
  /** How a run may end in it. */
  readonly ends: readonly ('SUCCESS' | 'FAILURE')[];
}

const WEATHERS: Readonly<Record<string, BadWeather>> = {
  'late by a second': { weather: { latencyMs: 1_000 }, ends: ['SUCCESS', 'FAILURE'] },
  refused: { weather: { refused: true }, ends: ['FAILURE'] },
  'reset after 300 bytes of an answer': { weather: { resetAfterBytes: 300 }, ends: ['FAILURE'] },
  'nothing more after 300 bytes, and no end': { weather: { silentAfterBytes: 300 }, ends: ['FAILURE'] },
  silent: { weather: { silent: true }, ends: ['FAILURE'] },
  'a kilobyte a second': { weather: { bytesPerSecond: 1_024 }, ends: ['SUCCESS', 'FAILURE'] },
  'closed late': { weather: { closeLateMs: 3_000 }, ends: ['SUCCESS'] },
};

export const forgeNetwork: Fault = {
  title: 'a bad network between the service and the forge, of every kind: runs end in time, as what it is, and recover',
  rounds: 1,
  roundWithinMs: 900_000,
  run: async ({ scope, postgres, rounds, only, say }) => {
    let setWeather: ((weather: Weather) => void) | undefined;
    const through = async (forgeUrl: string): Promise<string> => {
      const proxy = await startTcpProxy(scope, { port: Number(new URL(forgeUrl).port) });
      setWeather = proxy.set;
      return `http://127.0.0.1:${proxy.port}`;
    };
    const env = { LOG_LEVEL: 'info', SYNC_TIMEOUT_S: String(SYNC_TIMEOUT_S) };
    const world = await startWorld(scope, { serverUrl: postgres.url, env, through });
    scope.defer(() => setWeather?.({}));
    const repository = await world.register('far-away', { 'config_contexts/a.json': context('Far away') });
    const commits: string[] = [];
    const problems: string[] = [];
    const chosen = Object.entries(WEATHERS).filter(([name]) => only === undefined || name.includes(only));
    for (const [name, { weather, ends }] of Array.from({ length: rounds }, () => chosen).flat()) {
      const seen = new Set((await world.api.runs(repository.id)).map(({ id }) => id));
      setWeather?.(weather);
      commits.push(await world.push(repository, { 'config_contexts/a.json': context('Far away', { push: commits.length }) }));
      const run = await until(
        `a run to end in a network that is ${name}`,
        async () =>
          (await world.api.runs(repository.id)).find(
            ({ id, status }) => !seen.has(id) && status.value !== 'PENDING' && status.value !== 'STARTED',
          ),
        { withinMs: ENDED_WITHIN_MS },
      ).catch(() => undefined);
      setWeather?.({});
      const { value } = run?.status ?? { value: 'none in time' };
      const code = run?.error?.code;
      const isExpected = ends.some((end) => end === value) && (code === undefined || NETWORK.includes(code));
      if (!isExpected) problems.push(`${name}: a run ended as ${value} ${code ?? ''}`);
      await world.api.untilServes(repository.id, commits.at(-1) ?? '');
      await finalStatus(world.forge, commits.at(-1) ?? '');
      say(`${name}: ${value} ${code ?? ''}, then served`);
    }
    problems.push(...(await checkSettled(world, [{ repository, commits }])));
    return { counts: { weathers: chosen.length * rounds }, problems };
  },
};
