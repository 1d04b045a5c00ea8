import type { Config } from '#config.ts';
import type { ExitCode } from '#cli/exit.ts';
import { usageError } from '#cli/exit.ts';
import { runService } from '#cli/run-service.ts';
import type { GlobalOptions } from '#cli/settings.ts';
import { requireConfig } from '#cli/settings.ts';
import type { Terminal } from '#cli/terminal.ts';

/** One of any number of processes that answer HTTP. */
export async function runWeb(terminal: Terminal, options: GlobalOptions): Promise<ExitCode> {
  const config = requirePostgres(options, 'web');
  return runService(terminal, config, { web: true, worker: false, migrate: false }, (app) => [
    `Tributary web listens on ${app.url ?? config.publicUrl}; jobs are run by "tributary worker".`,
  ]);
}

/** One of any number of processes that run jobs. */
export async function runWorker(terminal: Terminal, options: GlobalOptions): Promise<ExitCode> {
  const config = requirePostgres(options, 'worker');
  return runService(terminal, config, { web: false, worker: true, migrate: false }, () => [
    `Tributary worker runs up to ${config.workerConcurrency} jobs of each kind at once.`,
  ]);
}

/** The embedded database belongs to one process; a second one on the same folder would lose what it writes. */
function requirePostgres(options: GlobalOptions, role: string): Config {
  const config = requireConfig(options);
  if (config.databaseUrl !== undefined) return config;
  throw usageError(
    `"tributary ${role}" needs PostgreSQL: the embedded database can be used by one process only.`,
    'Set DATABASE_URL and TRIBUTARY_SECRET_KEYS, or run web and worker in one process with "tributary serve".',
  );
}
