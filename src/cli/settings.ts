import type { Config } from '#config.ts';
import { readConfig } from '#config.ts';
import { usageError } from './exit.ts';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly dataDir?: string | undefined;
}

/** The configuration, or the end of the command with every problem of it listed. */
export function requireConfig(options: GlobalOptions, overrides: Readonly<Record<string, string>> = {}): Config {
  const config = readConfig(undefined, { ...overridesFrom(options), ...overrides });
  if (config.ok) return config.value;
  throw usageError(
    ['The configuration is wrong:', ...config.error.map((problem) => `  - ${problem}`)].join('\n'),
    'Mend the environment variables and start again; `tributary doctor` checks the rest of the machine too.',
  );
}

export function overridesFrom(options: GlobalOptions): Readonly<Record<string, string>> {
  return options.dataDir === undefined ? {} : { TRIBUTARY_DATA_DIR: options.dataDir };
}
