import { Agent } from 'node:http';
import type { Delivery, DeliveryOutcome } from './signed-delivery.ts';
import { sendDelivery } from './signed-delivery.ts';

/** Sends deliveries over a few connections at once; every outcome, in the order of the deliveries. */
export async function sendFlood(deliveries: readonly Delivery[], connections: number): Promise<readonly DeliveryOutcome[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  try {
    return await Promise.all(deliveries.map((delivery) => sendDelivery({ ...delivery, agent })));
  } finally {
    agent.destroy();
  }
}

/** What GitHub says of a push, as far as anything here looks at it. */
export function pushBody(push: {
  readonly repositoryId: number;
  readonly fullName: string;
  readonly before: string;
  readonly after: string;
}): string {
  const { before, after } = push;
  return JSON.stringify({
    ref: 'refs/heads/main',
    before,
    after,
    created: false,
    deleted: false,
    forced: false,
    repository: { id: push.repositoryId, full_name: push.fullName, default_branch: 'main' },
    commits: [],
  });
}
