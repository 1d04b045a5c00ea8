import type { Database, Tx } from '#db/database.ts';
import { notify } from '#db/time.ts';
import type { Problem } from '#domain/content.ts';
import type { Redactor } from '#domain/redact.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'success' | 'warning' | 'error';
  readonly grouping: string;
  readonly message: string;
  readonly code?: string | undefined;
  readonly help?: string | undefined;
  readonly object?: string | undefined;
  readonly path?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

export interface Progress {
  readonly stage: string;
  readonly done: number;
  readonly total: number | null;
}

/** The log of one run as its watchers see it. Written beside the run's transaction, so it stays when the run is rolled back. */
export interface RunLog {
  readonly jobResultId: string;
  readonly add: (line: LogLine) => void;
  /** `hidden`: problems that there are besides. */
  readonly problems: (grouping: string, problems: readonly Problem[], hidden?: number) => void;
  /** Cheap enough to call for every file: written at most twice a second. */
  readonly progress: (progress: Progress) => void;
  /** Work that has something to say and that nothing else waits for; `flush` does. What it throws is not told. */
  readonly beside: (work: Promise<void>) => void;
  /** Writes what is left. Call before the run is marked as ended, so that the end is the last thing a watcher sees. */
  readonly flush: () => Promise<void>;
}

export interface RunLogDeps {
  readonly database: Database;
  readonly redact: Redactor;
}

const WRITE_EVERY_MS = 150;
const PROGRESS_EVERY_MS = 500;
/** A run that finds more of one severity says how many more; nobody reads beyond this, and a log is not a dump. */
const MOST_PROBLEMS = 10_000;
/** Parameters of one statement are limited to 65,535; a row has ten. */
const ROWS_PER_INSERT = 1_000;

export function openRunLog({ database, redact }: RunLogDeps, jobResultId: string): RunLog {
  let lines: LogLine[] = [];
  let progress: Progress | undefined;
  let writtenProgressAt = 0;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  const beside: Promise<void>[] = [];

  function schedule(): void {
    timer ??= setTimeout(() => void write(), WRITE_EVERY_MS);
  }

  function write(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const batch = lines;
    const reached = progress;
    lines = [];
    progress = undefined;
    // In order, one at a time; a log line that cannot be written must not fail the run it describes.
    writing = writing.then(() => writeBatch(database, jobResultId, batch, reached)).catch(() => undefined);
    return writing;
  }

  return {
    jobResultId,
    add: (line) => {
      lines.push({ ...line, message: redact(line.message) });
      schedule();
    },
    problems: (grouping, problems, hidden = 0) => {
      for (const line of toLines(grouping, problems, hidden)) lines.push({ ...line, message: redact(line.message) });
      schedule();
    },
    progress: (now) => {
      progress = now;
      const due = Date.now() - writtenProgressAt >= PROGRESS_EVERY_MS;
      if (!due) return;
      writtenProgressAt = Date.now();
      schedule();
    },
    beside: (work) => {
      work.catch(() => undefined);
      beside.push(work);
    },
    flush: async () => {
      await Promise.allSettled(beside.splice(0));
      await write();
    },
  };
}

function toLines(grouping: string, problems: readonly Problem[], hidden: number): readonly LogLine[] {
  // What concerns a whole object has its line; editors and annotations want a column too.
  const shown = problems.slice(0, MOST_PROBLEMS).map((problem) => ({
    ...problem,
    column: problem.column ?? (problem.line === undefined ? undefined : 1),
    level: problem.severity,
    grouping,
  }));
  const more = problems.length - shown.length + hidden;
  if (more === 0) return shown;
  return [...shown, { level: 'warning', grouping, message: `${more} more problems are not listed; mend these first.` }];
}

/** Adds a line in the transaction that makes it true. For what happens to a run's repository outside of the run, too. */
export async function addLogLine(tx: Tx, redact: Redactor, jobResultId: string, line: LogLine): Promise<void> {
  await tx.kysely
    .insertInto('job_log_entries')
    .values(toRow(jobResultId, { ...line, message: redact(line.message) }))
    .execute();
  await tx.kysely.selectNoFrom(notify('tributary_job_logs').as('woken')).execute();
}

async function writeBatch(
  database: Database,
  jobResultId: string,
  lines: readonly LogLine[],
  progress: Progress | undefined,
): Promise<void> {
  for (let at = 0; at < lines.length; at += ROWS_PER_INSERT) {
    await database.kysely
      .insertInto('job_log_entries')
      .values(lines.slice(at, at + ROWS_PER_INSERT).map((line) => toRow(jobResultId, line)))
      .execute();
  }
  if (progress !== undefined) {
    await database.kysely
      .updateTable('job_results')
      .set({ progress: JSON.stringify(progress) })
      .where('id', '=', jobResultId)
      .execute();
  }
  if (lines.length > 0 || progress !== undefined) await database.kysely.selectNoFrom(notify('tributary_job_logs').as('woken')).execute();
}

function toRow(jobResultId: string, line: LogLine) {
  return {
    job_result_id: jobResultId,
    level: line.level,
    grouping: line.grouping,
    message: storable(line.message),
    code: line.code ?? null,
    help: line.help ?? null,
    object: line.object === undefined ? null : storable(line.object),
    path: line.path === undefined ? null : storable(line.path),
    line: line.line ?? null,
    column_number: line.column ?? null,
  };
}

const MOST_CHARACTERS = 4_000;

/** Text that PostgreSQL takes: content may hold NUL and lone surrogates (SECURITY.md fact 11). */
function storable(text: string): string {
  return text.replaceAll('\0', '\\0').toWellFormed().slice(0, MOST_CHARACTERS);
}
