import { createHmac } from 'node:crypto';
import { Agent } from 'node:http';
import { context } from '#test/support/content-files.ts';
import { sendDelivery } from '#test/support/signed-delivery.ts';
import { startWorld } from '#test/support/world.ts';
import type { Fault } from './fault.ts';

const REQUESTS = 5_000;
/** Bytes of the right signature that a guess begins with. */
const SHARED = [0, 1, 2, 4, 8, 16, 24, 31];
/** Beyond this two samples differ for a reason, by the custom of leak tests. */
const MOST_T = 4.5;

export const timing: Fault = {
  title: 'ten thousand deliveries with signatures that are right in their first bytes only: the time to refuse them says nothing',
  rounds: 2,
  run: async ({ scope, postgres, rounds, random, say }) => {
    const world = await startWorld(scope, { serverUrl: postgres.url, env: { LOG_LEVEL: 'error' } });
    const repository = await world.register('guessed', { 'config_contexts/a.json': context('Guessed') });
    const { url, secret } = await world.rotateHook(repository);
    const body = JSON.stringify({ zen: 'Keep it logically awesome.' });
    const right = createHmac('sha256', secret).update(body).digest();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    scope.defer(() => agent.destroy());
    const times = new Map(SHARED.map((shared) => [shared, [] as number[]]));
    const answers = new Set<number>();
    for (let sent = 0; sent < REQUESTS * rounds; sent++) {
      // In random order, so that what else goes on at the machine falls on all of them.
      const shared = SHARED[Math.floor(random() * SHARED.length)] ?? 0;
      const guess = Buffer.from(right.map((byte, at) => (at < shared ? byte : byte ^ 0x55)));
      const began = performance.now();
      const { status } = await sendDelivery({
        url,
        secret,
        event: 'ping',
        body,
        agent,
        headers: { 'x-hub-signature-256': `sha256=${guess.toString('hex')}` },
      });
      times.get(shared)?.push(performance.now() - began);
      answers.add(status);
      if (sent % REQUESTS === 0) say(`${sent} sent`);
    }
    const kept = new Map([...times].map(([shared, sample]) => [shared, withoutOutliers(sample)]));
    const none = kept.get(0) ?? [];
    const ts = [...kept].filter(([shared]) => shared > 0).map(([shared, sample]) => [shared, welch(sample, none)] as const);
    const problems = [
      ...ts.filter(([, t]) => Math.abs(t) >= MOST_T).map(([shared, t]) => `${shared} right bytes are told from none: t = ${t.toFixed(2)}`),
      ...(answers.size === 1 && answers.has(401) ? [] : [`answers were ${[...answers].join(', ')}`]),
    ];
    return {
      counts: { requests: REQUESTS * rounds, ...Object.fromEntries(ts.map(([shared, t]) => [`t, ${shared} bytes`, Number(t.toFixed(2))])) },
      problems,
    };
  },
};

/** Pauses of the machine would hide a small difference: the slowest tenth is left out of every sample alike. */
function withoutOutliers(sample: readonly number[]): readonly number[] {
  return sample.toSorted((one, other) => one - other).slice(0, Math.ceil(sample.length * 0.9));
}

/** Welch's t of two samples. */
function welch(one: readonly number[], other: readonly number[]): number {
  const [a, b] = [describe(one), describe(other)];
  return (a.mean - b.mean) / Math.sqrt(a.variance / one.length + b.variance / other.length);
}

function describe(sample: readonly number[]): { readonly mean: number; readonly variance: number } {
  const mean = sample.reduce((sum, value) => sum + value, 0) / sample.length;
  return { mean, variance: sample.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (sample.length - 1) };
}
