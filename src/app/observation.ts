import type { Logger } from 'pino';
import type { Config } from '#config.ts';
import type { SecretWatch } from '#domain/redact.ts';
import type { AppMeters } from '#observe/meters.ts';
import { createMeters } from '#observe/meters.ts';
import type { Instruments } from '#observe/registry.ts';
import { createInstruments } from '#observe/registry.ts';
import type { OpenTracing } from '#observe/tracing.ts';
import { openTracing } from '#observe/tracing.ts';
import type { Provider } from '#providers/contract.ts';
import { throughConnections } from '#providers/through.ts';
import { watchProvider } from './secrets.ts';

/** What a process tells of itself while it works. */
export interface Observation {
  readonly instruments: Instruments;
  readonly meters: AppMeters;
  readonly tracing: OpenTracing;
  readonly gitProcesses: () => number;
  /** For the room of Git: notes that a process starts, and then that it ended. */
  readonly onProcess: () => () => void;
  /** A provider whose secrets are masked from their first use, and whose calls are counted. */
  readonly observeProvider: (provider: Provider) => Provider;
}

export interface ObservationDeps {
  readonly config: Pick<Config, 'tracing' | 'processName'>;
  readonly version: string;
  readonly watch: SecretWatch;
  readonly fetch: typeof globalThis.fetch;
  readonly log: Logger;
}

export async function openObservation({ config, version, watch, fetch, log }: ObservationDeps): Promise<Observation> {
  const instruments = createInstruments();
  const meters = createMeters(instruments);
  const { tracing, processName } = config;
  let running = 0;
  return {
    instruments,
    meters,
    tracing: await openTracing({ ...tracing, version, processName, redact: watch.redact, fetch, log }),
    gitProcesses: () => running,
    onProcess() {
      running++;
      return () => {
        running--;
      };
    },
    observeProvider: (provider) => watchProvider(countProvider(provider, meters), watch),
  };
}

function countProvider(provider: Provider, meters: AppMeters): Provider {
  return throughConnections(provider, (connection) => ({ ...connection, fetch: meters.countCalls(provider.id, connection.fetch) }));
}
