import type { Logger } from 'pino';
import { watchSecrets } from '#domain/redact.ts';
import type { Config } from '#config.ts';
import { createLogger } from './logger.ts';
import { watchConfig } from './secrets.ts';

/** The log of a command that opens parts of the application by itself: warnings and worse, masked like those of a service. */
export function openCommandLog(config: Config): Logger {
  const watch = watchSecrets();
  watchConfig(watch, config);
  return createLogger({ level: 'warn', redact: watch.redact, processName: config.processName });
}
