import type { Logger } from 'pino';
import type { Config } from '#config.ts';
import { ignoredProxies, unknownVariables } from '#config.ts';

export interface Started {
  readonly roles: { readonly web: boolean; readonly worker: boolean };
  readonly version: string;
  readonly git: string;
  readonly url: string | undefined;
  readonly publicUrl: string;
}

/** One line of the log that says what started, and with what. Answers with the notes, for whoever started it. */
export function sayStarted(log: Logger, config: Config, { roles, version, git, url, publicUrl }: Started): readonly string[] {
  const notes = startNotes(config, publicUrl);
  const database = config.databaseUrl === undefined ? 'embedded' : 'PostgreSQL';
  const { metricsPort, dataDir } = config;
  log.info({ version, git, web: roles.web, worker: roles.worker, url, publicUrl, metricsPort, database, dataDir, notes }, 'started');
  return notes;
}

/** What is off, or less than it could be, and why: told once at start, in the log and to whoever started it. */
function startNotes(config: Config, publicUrl: string): readonly string[] {
  const { hostname } = new URL(publicUrl);
  const isLocal = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
  const proxies = ignoredProxies();
  return [
    ...(isLocal ? [`Webhooks of remote providers cannot reach ${publicUrl} (PUBLIC_URL); repositories are polled instead.`] : []),
    ...(config.tracing.endpoint === undefined ? ['Traces are off (OTEL_EXPORTER_OTLP_ENDPOINT is not set).'] : []),
    ...unknownVariables().map(
      ({ name, meant }) => `${name} is set and means nothing here${meant === undefined ? '' : `; ${meant} was probably meant`}.`,
    ),
    ...(proxies.length > 0 ? [`${proxies.join(', ')} ${proxies.length === 1 ? 'is' : 'are'} not used: connections go out directly.`] : []),
  ];
}
