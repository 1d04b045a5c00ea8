import { findRunningOrStart } from '#cli/client/connect.ts';
import type { Api } from '#cli/client/api.ts';
import { followRun } from '#cli/client/follow.ts';
import type { JobResult, LogEntry } from '#cli/client/shapes.ts';
import type { ExitCode } from '#cli/exit.ts';
import { EXIT, usageError } from '#cli/exit.ts';
import type { ImportReport } from '#cli/render/import-report.ts';
import { hasDifferences, toImportReport } from '#cli/render/import-report.ts';
import { importText } from '#cli/render/import-text.ts';
import { printable } from '#cli/render/printable.ts';
import type { GlobalOptions } from '#cli/settings.ts';
import type { Terminal } from '#cli/terminal.ts';
import { askForFolder } from './import-folder.ts';
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
  const connection = await findRunningOrStart(terminal, options);
  try {
    const report = await importOver(connection.api, terminal, target, options);
    terminal.settle();
    if (options.json === true) terminal.out(JSON.stringify(report, undefined, 2));
    else for (const line of importText(report, terminal.paint)) terminal.out(line);
    if (report.status === 'failure') return EXIT.failed;
    return options.exitCode === true && hasDifferences(report) ? EXIT.differences : EXIT.done;
  } finally {
    await connection.close();
  }
}

async function importOver(api: Api, terminal: Terminal, target: ImportTarget, options: ImportOptions): Promise<ImportReport> {
  const asked = target.kind === 'url' ? await askForUrl(api, target.url, options) : await askForFolder(api, terminal, target.path, options);
  const log: LogEntry[] = [];
  try {
    const job = await followRun(api, asked.jobResult.id, {
      onLog: (entry) => {
        log.push(entry);
        if (entry.code === undefined) terminal.progress(printable(entry.message));
      },
      onProgress: ({ stage, done, total }) => terminal.progress(printable(stage), total === null ? String(done) : `${done} of ${total}`),
    });
    return toImportReport({ dryRun: options.dryRun ?? false, repository: asked.repository, job, log, warnings: asked.warnings });
  } finally {
    await asked.cleanUp?.();
  }
}
