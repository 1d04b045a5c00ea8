import { openCommandLog } from '#app/command-log.ts';
import { migrateDatabase } from '#app/upkeep.ts';
import type { ExitCode } from '#cli/exit.ts';
import { EXIT } from '#cli/exit.ts';
import type { GlobalOptions } from '#cli/settings.ts';
import { requireConfig } from '#cli/settings.ts';
import { starting } from '#cli/start.ts';
import type { Terminal } from '#cli/terminal.ts';

/** The release step: everything that web and worker want to find in the database. */
export async function runMigrate(terminal: Terminal, options: GlobalOptions): Promise<ExitCode> {
  const config = requireConfig(options);
  const where = config.databaseUrl === undefined ? `the embedded database in ${config.dataDir}` : 'PostgreSQL';
  terminal.progress(`Migrating ${where}`);
  const applied = await starting(migrateDatabase(config, openCommandLog(config)));
  terminal.settle();
  if (applied.length === 0) terminal.out('The schema is up to date; nothing was to be done.');
  for (const name of applied) terminal.out(`applied  ${name}`);
  return EXIT.done;
}
