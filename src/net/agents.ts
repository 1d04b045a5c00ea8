import { Agent, Pool } from 'undici';
import { createHash } from 'node:crypto';
import type { Network } from '#domain/network.ts';
import type { ConnectorDeps } from './connector.ts';
import { createVettedConnector } from './connector.ts';
import { endpointOf } from './egress-policy.ts';

export interface Agents {
  /** The one for this way of reaching servers. Connections of two ways are never shared: what one trusts the other may not. */
  readonly find: (network: Network) => Agent;
  close(): Promise<void>;
}

/** Each holds no connection for longer than a few seconds without use; those of ways that are gone make room. */
const MOST_AGENTS = 200;

export function createAgents(deps: ConnectorDeps, answerMs: number): Agents {
  const agents = new Map<string, Agent>();

  function open(network: Network): Agent {
    return new Agent({
      factory: (origin) =>
        new Pool(origin, {
          headersTimeout: answerMs,
          bodyTimeout: answerMs,
          connections: 8,
          connect: createVettedConnector(deps, endpointOf(new URL(origin)), network),
        }),
    });
  }

  return {
    find(network) {
      const key = keyOf(network);
      const agent = agents.get(key) ?? open(network);
      agents.delete(key);
      agents.set(key, agent);
      const [oldest] = agents;
      if (agents.size > MOST_AGENTS && oldest !== undefined) {
        agents.delete(oldest[0]);
        // Ends what is under way first.
        void oldest[1].close();
      }
      return agent;
    },
    async close() {
      await Promise.all([...agents.values()].map((agent) => agent.close()));
    },
  };
}

/** Holds a password, so it is no key of a map as it is. */
function keyOf(network: Network): string {
  return createHash('sha256')
    .update(JSON.stringify([network.caCertificate, network.proxy, network.tlsVerify]))
    .digest('hex');
}
