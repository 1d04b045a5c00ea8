import type { Logger } from 'pino';
import type { Config } from '#config.ts';
import { ignoredProxies, unknownVariables } from '#config.ts';
import { sumByRole } from '#rekey/keys.ts';
import type { KeyUse } from '#rekey/keys.ts';
import { keyNotes } from './examine/secrets.ts';

export interface Started {
  readonly roles: { readonly web: boolean; readonly worker: boolean };
  readonly version: string;
  readonly git: string;
  readonly url: string | undefined;
  readonly publicUrl: string;
  readonly keys: readonly KeyUse[];
}

/** One line of the log that says what started, and with what. Answers with the notes, for whoever started it. */
export function sayStarted(log: Logger, config: Config, { roles, version, git, url, publicUrl, keys }: Started): readonly string[] {
  const notes = [...keyNotes(keys), ...startNotes(config, publicUrl)];
  const database = config.databaseUrl === undefined ? 'embedded' : 'PostgreSQL';
  const { metricsPort, dataDir } = config;
  log.info({ version, git, web: roles.web, worker: roles.worker, url, publicUrl, metricsPort, database, dataDir, notes }, 'started');
  // Whatever needs one of them fails until its key is back, and nobody may notice for days.
  const { unknown } = sumByRole(keys);
  if (unknown > 0) log.warn({ code: 'SECRET_UNREADABLE', secrets: unknown }, 'stored secrets open with no key of TRIBUTARY_SECRET_KEYS');
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
