import type { Api } from '#cli/client/api.ts';
import type { Connection } from '#cli/client/connect.ts';
import { findRunningOrStart } from '#cli/client/connect.ts';
import { followRun } from '#cli/client/follow.ts';
import type { JobResult, LogEntry, Progress } from '#cli/client/shapes.ts';
import type { ExitCode } from '#cli/exit.ts';
import { EXIT, usageError } from '#cli/exit.ts';
import type { ImportReport } from '#cli/render/import-report.ts';
import { hasDifferences, toImportReport } from '#cli/render/import-report.ts';
import { importText } from '#cli/render/import-text.ts';
import { printable } from '#cli/render/printable.ts';
import type { GlobalOptions } from '#cli/settings.ts';
import { withStop } from '#cli/stop.ts';
import type { Terminal } from '#cli/terminal.ts';
import type { ImportTarget } from './import-target.ts';
import { readTarget } from './import-target.ts';
import { askForUrl } from './import-url.ts';

export interface ImportOptions extends GlobalOptions {
  readonly ref?: string | undefined;
  readonly credential?: string | undefined;
  readonly name?: string | undefined;
  readonly pathPrefix?: string | undefined;
  readonly dryRun?: boolean | undefined;
  readonly force?: boolean | undefined;
  readonly exitCode?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** A run that was asked for, whatever it imports. */
export interface AskedRun {
  readonly jobResult: JobResult;
  readonly repository: ImportReport['repository'];
  readonly warnings: readonly string[];
  /** What has to go when the run has ended. */
  readonly cleanUp?: (() => Promise<void>) | undefined;
}

/** The whole main job in one command: registers or finds, syncs, says what became of it. */
export async function runImport(terminal: Terminal, targetText: string, options: ImportOptions): Promise<ExitCode> {
  if (options.exitCode === true && options.dryRun !== true) throw usageError('--exit-code goes with --dry-run.');
  if (options.force === true && options.dryRun === true) throw usageError('--force and --dry-run cannot go together.');
  const target = await readTarget(targetText, options);
  const report = await withStop(terminal, async ({ signal }) => {
    const connection = await findRunningOrStart(terminal, options);
    try {
      return await importOver(connection, terminal, target, options, signal);
    } finally {
      await connection.close();
    }
  });
  terminal.settle();
  if (options.json === true) terminal.out(JSON.stringify(report, undefined, 2));
  else for (const line of importText(report, terminal.paint)) terminal.out(line);
  if (report.status === 'failure') return EXIT.failed;
  return options.exitCode === true && hasDifferences(report) ? EXIT.differences : EXIT.done;
}

async function importOver(
  { api, ownProcess }: Connection,
  terminal: Terminal,
  target: ImportTarget,
  options: ImportOptions,
  stopping: AbortSignal,
): Promise<ImportReport> {
  const asked = await ask(api, terminal, target, options);
  const log: LogEntry[] = [];
  try {
    const watcher = {
      onLog: (entry: LogEntry) => {
        log.push(entry);
        if (entry.code === undefined) terminal.progress(printable(entry.message));
      },
      onProgress: ({ stage, done, total }: Progress) => {
        // A stage that is done has nothing more to say than what comes next.
        if (done !== total) terminal.progress(printable(stage), total === null ? String(done) : `${done} of ${total}`);
      },
    };
    const job = await followRun(api, asked.jobResult.id, watcher, stopping);
    const { repository, warnings } = asked;
    return toImportReport({ service: ownProcess ? null : api.url, dryRun: options.dryRun ?? false, repository, job, log, warnings });
  } finally {
    await asked.cleanUp?.();
  }
}

async function ask(api: Api, terminal: Terminal, target: ImportTarget, options: ImportOptions): Promise<AskedRun> {
  if (target.kind === 'url') return askForUrl(api, target.url, options);
  // Loaded here because only folders need Git on this side.
  const { askForFolder } = await import('./import-folder.ts');
  return askForFolder(api, terminal, target.path, options);
}
