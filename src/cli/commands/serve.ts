import type { App } from '#app.ts';
import type { Config } from '#config.ts';
import type { ExitCode } from '#cli/exit.ts';
import { runService } from '#cli/run-service.ts';
import type { GlobalOptions } from '#cli/settings.ts';
import { requireConfig } from '#cli/settings.ts';
import type { Terminal } from '#cli/terminal.ts';
import { localTokenPath } from '#service-file.ts';

/** Web and worker in one process, the schema brought up to date first: all that a newcomer and a small team need. */
export async function serve(terminal: Terminal, options: GlobalOptions): Promise<ExitCode> {
  const config = requireConfig(options);
  return runService(terminal, config, { web: true, worker: true, migrate: true }, (app) => greeting(config, app));
}

function greeting(config: Config, app: App): readonly string[] {
  const url = app.url ?? config.publicUrl;
  const token = localTokenPath(config.dataDir);
  return [
    `Tributary listens on ${url}`,
    `  Token     ${token} (acts as the owner of organization "default")`,
    `  Database  ${databaseLine(config)}`,
    '  Next      in another terminal, in this folder:',
    '              npx tributary import https://github.com/<owner>/<repository>',
    `              curl -H "Authorization: Token $(cat ${shellWord(token)})" ${url}/api/extras/git-repositories/`,
    `            every address and field: ${url}/api/docs/`,
    ...app.notes.map((note, at) => `${at === 0 ? '  Note    ' : '          '}  ${note}`),
    '  Stop      Ctrl-C',
  ];
}

/** What the embedded database is good for and what not has to be said where it is used (DESIGN.md section 9). */
function databaseLine(config: Config): string {
  if (config.databaseUrl !== undefined) return 'PostgreSQL (DATABASE_URL)';
  return `embedded, in ${config.dataDir}: for trying out and small teams. One process only, and a power failure can damage it; set DATABASE_URL to use PostgreSQL.`;
}

function shellWord(text: string): string {
  return /^[\w./@:-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
