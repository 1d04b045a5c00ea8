import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { pushBody } from '#test/support/flood.ts';
import { sendDelivery } from '#test/support/signed-delivery.ts';
import type { Registered, World } from '#test/support/world.ts';

export interface Senders {
  /** Keys of the deliveries that the service said it has. */
  readonly acknowledged: readonly string[];
  /** How often each answer came; 0 is none at all. */
  readonly answers: ReadonlyMap<number, number>;
  readonly stop: () => Promise<void>;
}

const SENDERS = 8;
const PAUSE_MS = 20;

/** Sends signed deliveries all the time, whatever becomes of the receiver, and remembers what it acknowledged. */
export async function startSenders(world: World, repository: Registered): Promise<Senders> {
  const { url, secret } = await world.rotateHook(repository);
  const { id: repositoryId } = await world.forge.readRepository(repository.fullName);
  const body = pushBody({ repositoryId, fullName: repository.fullName, before: repository.head, after: repository.head });
  const acknowledged: string[] = [];
  const answers = new Map<number, number>();
  let stopped = false;
  const send = async (): Promise<void> => {
    while (!stopped) {
      const guid = randomUUID();
      const { status } = await sendDelivery({ url, secret, event: 'push', body, guid });
      answers.set(status, (answers.get(status) ?? 0) + 1);
      if (status === 202) acknowledged.push(guid);
      await sleep(PAUSE_MS);
    }
  };
  const sending = Array.from({ length: SENDERS }, send);
  return {
    acknowledged,
    answers,
    stop: async () => {
      stopped = true;
      await Promise.all(sending);
    },
  };
}

/** Acknowledged deliveries that are not in the inbox: there must be none. */
export async function findLost(world: World, repository: Registered, { acknowledged }: Senders): Promise<readonly string[]> {
  const stored = new Set((await world.api.deliveries(repository.id)).map(({ delivery_key }) => delivery_key));
  return acknowledged.filter((guid) => !stored.has(guid)).map((guid) => `delivery ${guid} was acknowledged and is not there`);
}

/** Answers that no sender may see: a provider takes anything but 5xx or silence for a final word. */
export function findWrongAnswers({ answers }: Senders): readonly string[] {
  const allowed = new Set([0, 202, 503]);
  return [...answers].filter(([status]) => !allowed.has(status)).map(([status, times]) => `${times} deliveries were answered ${status}`);
}

export function countAnswers({ answers }: Senders): Readonly<Record<string, number>> {
  return Object.fromEntries([...answers].map(([status, times]) => [status === 0 ? 'no answer' : `answered ${status}`, times]));
}
