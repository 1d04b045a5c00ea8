import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { z } from 'zod';
import type { ImportOptions } from './commands/import.ts';
import type { TokensOptions } from './commands/tokens.ts';
import type { RekeyOptions } from './commands/rekey.ts';
import type { ExitCode } from './exit.ts';
import { CommandError, EXIT } from './exit.ts';
import type { GlobalOptions } from './settings.ts';
import type { Terminal } from './terminal.ts';

const EXIT_CODES = `
Exit codes: 0 done, 1 an error in the content or the run, 2 a wrong call or configuration.`;

const ENVIRONMENT = `
Environment: DATABASE_URL (PostgreSQL; unset: an embedded database), PORT, HOST, PUBLIC_URL, TRIBUTARY_DATA_DIR and more;
"tributary doctor" checks all of it. TRIBUTARY_URL and TRIBUTARY_TOKEN stand in for --url and --token.
${EXIT_CODES}`;

/** Runs the command that the arguments name, and says with which code the process ends. Never throws for what a caller can do wrong. */
export async function runProgram(terminal: Terminal, args: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.done;
  const program = buildProgram(terminal, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    terminal.settle();
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (!(error instanceof CommandError)) throw error;
    terminal.note(error.message);
    if (error.help !== undefined) terminal.note(error.help);
    return error.exitCode;
  }
}

/** Commands load their code when they run: `--help` and a client need no database. */
function buildProgram(terminal: Terminal, done: (code: ExitCode) => void): Command {
  const program = new Command('tributary')
    .description('Turns every push into a verified, atomic import of repository content into PostgreSQL.')
    .version(readVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .option('--url <url>', 'service to talk to; default: the one that runs on the data folder')
    .option('--token <token>', 'API token for it; better in TRIBUTARY_TOKEN, where process lists do not show it')
    .option('--data-dir <folder>', 'data folder; default: TRIBUTARY_DATA_DIR, or .tributary')
    .addHelpText('after', ENVIRONMENT)
    .configureOutput({ writeOut: (text) => terminal.out(text.trimEnd()), writeErr: (text) => terminal.note(text.trimEnd()) })
    .showSuggestionAfterError()
    .exitOverride();
  addServices(program, terminal, done);
  addImport(program, terminal, done);
  addUpkeep(program, terminal, done);
  addSecrets(program, terminal, done);
  addTokens(program, terminal, done);
  return program;
}

function addServices(program: Command, terminal: Terminal, done: (code: ExitCode) => void): void {
  program
    .command('serve')
    .description('migrate the database, then run web and worker in one process until it is stopped')
    .action(async (_options, command: Command) => {
      const { serve } = await import('./commands/serve.ts');
      done(await serve(terminal, command.optsWithGlobals<GlobalOptions>()));
    });
  program
    .command('web')
    .description('serve HTTP only: receive webhooks, answer the API (needs DATABASE_URL)')
    .action(async (_options, command: Command) => {
      const { runWeb } = await import('./commands/web-and-worker.ts');
      done(await runWeb(terminal, command.optsWithGlobals<GlobalOptions>()));
    });
  program
    .command('worker')
    .description('run jobs only: sync, import, report (needs DATABASE_URL)')
    .action(async (_options, command: Command) => {
      const { runWorker } = await import('./commands/web-and-worker.ts');
      done(await runWorker(terminal, command.optsWithGlobals<GlobalOptions>()));
    });
}

function addImport(program: Command, terminal: Terminal, done: (code: ExitCode) => void): void {
  program
    .command('import')
    .description('import a repository or a local folder and print what was added, changed and removed')
    .argument('<url|folder>', 'https address of a Git repository, or a folder: a Git repository is read at its HEAD, another as it is')
    .option('--ref <ref>', 'branch, tag or commit to follow')
    .option('--credential <name>', 'name or id of the credential that reaches the repository')
    .option('--name <name>', 'name to register it under; default: the last part of the address')
    .option('--path-prefix <path>', 'folder within the repository that holds the content')
    .option('--dry-run', 'show the difference by object and field; change nothing')
    .option('--force', 'import again although the commit is the one that is served')
    .option('--exit-code', 'with --dry-run: exit with 3 when there are differences')
    .option('--json', 'print the outcome as JSON, and nothing else, on standard output')
    .addHelpText('after', EXIT_CODES)
    .action(async (target: string, _options, command: Command) => {
      const { runImport } = await import('./commands/import.ts');
      done(await runImport(terminal, target, command.optsWithGlobals<ImportOptions>()));
    });
}

function addUpkeep(program: Command, terminal: Terminal, done: (code: ExitCode) => void): void {
  program
    .command('migrate')
    .description('bring the database schema up to date; safe to run twice and at the same time')
    .action(async (_options, command: Command) => {
      const { runMigrate } = await import('./commands/migrate.ts');
      done(await runMigrate(terminal, command.optsWithGlobals<GlobalOptions>()));
    });
  program
    .command('doctor')
    .description('check this machine and its configuration, and say what to do about what is wrong')
    .option('--json', 'print the checks as JSON, and nothing else, on standard output')
    .addHelpText('after', '\nExits with 1 when a check fails, 2 when it is the configuration; warnings do not count.')
    .action(async (_options, command: Command) => {
      const { runDoctor } = await import('./commands/doctor.ts');
      done(
        await runDoctor(terminal, {
          ...command.optsWithGlobals<GlobalOptions & { readonly json?: boolean }>(),
          programVersion: readVersion(),
        }),
      );
    });
}

function addSecrets(program: Command, terminal: Terminal, done: (code: ExitCode) => void): void {
  program
    .command('secrets')
    .description('look after the stored secrets')
    .command('rekey')
    .description('seal every stored secret anew under the first key of TRIBUTARY_SECRET_KEYS, while the service runs')
    .option('--dry-run', 'try to open and seal each one; change nothing')
    .option('--exit-code', 'with --dry-run: exit with 3 when some stand under another key')
    .option('--json', 'print the outcome as JSON, and nothing else, on standard output')
    .addHelpText('after', '\nMay be stopped, repeated and run by several at once. Exits with 1 when a secret opens with no key.')
    .action(async (_options, command: Command) => {
      const { runRekey } = await import('./commands/rekey.ts');
      done(await runRekey(terminal, command.optsWithGlobals<RekeyOptions>()));
    });
}

function addTokens(program: Command, terminal: Terminal, done: (code: ExitCode) => void): void {
  const tokens = program.command('tokens').description('look after the Git tokens of an organization');
  const add = (name: string, description: string): Command =>
    tokens
      .command(name)
      .description(description)
      .option('--organization <slug>', 'organization whose tokens are meant', 'default')
      .option('--json', 'print the outcome as JSON, and nothing else, on standard output');
  add('list', 'list them with their state and end').action(async (_options, command: Command) => {
    const { runTokensList } = await import('./commands/tokens.ts');
    done(await runTokensList(terminal, command.optsWithGlobals<TokensOptions>()));
  });
  add('check', 'say which end soon, have ended or are refused; nothing when none does')
    .option('--expires-within <time>', 'what soon is, such as 30d, 36h or 4w', '30d')
    .addHelpText('after', '\nExits with 0 when all are well, 1 when one needs somebody, 2 after a wrong call: made for cron.')
    .action(async (_options, command: Command) => {
      const { runTokensCheck } = await import('./commands/tokens.ts');
      done(await runTokensCheck(terminal, command.optsWithGlobals<TokensOptions>()));
    });
  add('verify', 'ask the providers now what the tokens may do')
    .argument('[name...]', 'names or ids; all of them unless given')
    .addHelpText('after', '\nExits with 1 when one is refused, lacks something or could not be asked about.')
    .action(async (names: readonly string[], _options, command: Command) => {
      const { runTokensVerify } = await import('./commands/tokens.ts');
      done(await runTokensVerify(terminal, names, command.optsWithGlobals<TokensOptions>()));
    });
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return z.object({ version: z.string() }).parse(manifest).version;
}
