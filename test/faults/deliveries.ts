import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { context } from '#test/support/content-files.ts';
import { pushBody } from '#test/support/flood.ts';
import { runSql } from '#test/support/fresh-database.ts';
import { sendDelivery } from '#test/support/signed-delivery.ts';
import type { Registered, World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';
import type { Fault } from './fault.ts';
import { pick } from './random.ts';
import type { Settled } from './settled.ts';
import { checkSettled } from './settled.ts';

const REPOSITORIES = 4;
const SENDERS = 16;
const CALM_MS = 4_000;
const PUSH_EVERY_MS = 2_000;
/** A sender that is refused tries again, as a provider's redelivery does, under the same id. */
const AGAIN_AFTER_MS = 100;

export const deliveries: Fault = {
  title: 'a number of acknowledged deliveries under kill -9 of every process and restarts of PostgreSQL: none lost, none doubled',
  rounds: 1,
  roundWithinMs: 1_800_000,
  run: async ({ scope, postgres, deliveries: wanted = 5_000, random, say }) => {
    const world = await startWorld(scope, { serverUrl: postgres.url, workers: 2, env: { LOG_LEVEL: 'info' } });
    const settled = await Promise.all(
      Array.from({ length: REPOSITORIES }, async (_, number): Promise<Settled & { readonly commits: string[] }> => {
        const name = `delivered-${number}`;
        return { repository: await world.register(name, { 'config_contexts/a.json': context(name) }), commits: [] };
      }),
    );
    const senders = await startSendersOf(
      world,
      settled.map(({ repository }) => repository),
      wanted,
    );
    const counts = { kills: 0, restarts: 0, pushes: 0 };
    let said = 0;
    const breaking = async (): Promise<void> => {
      while (!senders.isDone()) {
        await sleep(random() * CALM_MS);
        if (random() < 0.25) {
          await postgres.restartImmediate();
          counts.restarts++;
        } else {
          const process = pick(random, [...world.service.webs, ...world.service.workers]);
          await process.kill();
          await world.service.startAgain(process);
          counts.kills++;
        }
        if (senders.acknowledged.length - said < wanted / 20) continue;
        said = senders.acknowledged.length;
        say(`${said} acknowledged, ${counts.kills} kills, ${counts.restarts} restarts`);
      }
    };
    const pushing = async (): Promise<void> => {
      while (!senders.isDone()) {
        const { repository, commits } = pick(random, settled);
        commits.push(await world.push(repository, { 'config_contexts/a.json': context(repository.name, { push: ++counts.pushes }) }));
        await sleep(PUSH_EVERY_MS);
      }
    };
    await Promise.all([senders.ended, breaking(), pushing()]);
    const stored = await countStored(world.service.databaseUrl ?? '', senders.acknowledged);
    const problems = [
      ...(stored.lost === 0 ? [] : [`${stored.lost} acknowledged deliveries are not there`]),
      ...(stored.doubled === 0 ? [] : [`${stored.doubled} deliveries are there twice`]),
      ...senders.wrong(),
      ...(await checkSettled(world, settled)),
    ];
    return { counts: { acknowledged: senders.acknowledged.length, 'sent again': senders.sentAgain(), ...counts, ...stored }, problems };
  },
};

interface ManySenders {
  readonly acknowledged: readonly string[];
  readonly sentAgain: () => number;
  /** Answers that no sender may see. */
  readonly wrong: () => readonly string[];
  readonly isDone: () => boolean;
  readonly ended: Promise<unknown>;
}

async function startSendersOf(world: World, repositories: readonly Registered[], wanted: number): Promise<ManySenders> {
  const targets = await Promise.all(
    repositories.map(async (repository) => {
      const { url, secret } = await world.rotateHook(repository);
      const { id } = await world.forge.readRepository(repository.fullName);
      const body = pushBody({ repositoryId: id, fullName: repository.fullName, before: repository.head, after: repository.head });
      return { url, secret, event: 'push', body };
    }),
  );
  const agent = new Agent({ keepAlive: true, maxSockets: SENDERS });
  const acknowledged: string[] = [];
  const wrong = new Map<number, number>();
  let again = 0;
  let begun = 0;
  const send = async (at: number): Promise<void> => {
    const target = targets[at % targets.length];
    while (target !== undefined && begun < wanted) {
      begun++;
      const guid = randomUUID();
      for (;;) {
        const { status } = await sendDelivery({ ...target, guid, agent });
        if (status === 202 || status === 200) break;
        if (status !== 0 && status !== 503) wrong.set(status, (wrong.get(status) ?? 0) + 1);
        again++;
        await sleep(AGAIN_AFTER_MS);
      }
      acknowledged.push(guid);
    }
  };
  const ended = Promise.all(Array.from({ length: SENDERS }, (_, at) => send(at))).finally(() => agent.destroy());
  return {
    acknowledged,
    sentAgain: () => again,
    wrong: () => [...wrong].map(([status, times]) => `${times} deliveries were answered ${status}`),
    isDone: () => acknowledged.length >= wanted,
    ended,
  };
}

/** Looked up in the inbox itself: through the interface a hundred thousand take long. */
async function countStored(
  databaseUrl: string,
  acknowledged: readonly string[],
): Promise<{ readonly lost: number; readonly doubled: number }> {
  const rows = await runSql(
    databaseUrl,
    'select delivery_key as key, count(*)::int as times from deliveries group by hook_id, delivery_key',
  );
  const times = new Map(rows.map(({ key, times: count }) => [String(key), Number(count)]));
  return {
    lost: acknowledged.filter((guid) => !times.has(guid)).length,
    doubled: [...times.values()].filter((count) => count > 1).length,
  };
}
