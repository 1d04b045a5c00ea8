import type { Database } from '#db/database.ts';
import type { ParsedFile } from '#domain/content.ts';
import type { ContentSource } from '#git/source.ts';
import type { BatchFile } from '#import/parse-batch.ts';
import { isLasting } from '#import/parse-pool.ts';
import type { ParsePool } from '#import/parse-pool.ts';
import type { ProblemList } from '#import/problem-list.ts';
import type { FileList } from '#import/file-list.ts';
import type { SelectedFile } from '#import/select-files.ts';
import type { Stage } from '#import/stage/store.ts';
import { loadParsed, saveParsed } from '#import/store.ts';
import type { RunLog } from './run-log.ts';

export interface ParseDeps {
  readonly database: Database;
  readonly pool: ParsePool;
}

export interface StageRequest {
  readonly organizationId: string;
  readonly source: ContentSource;
  readonly files: FileList;
  readonly stage: Stage;
  readonly problems: ProblemList;
  readonly log: RunLog;
  readonly signal: AbortSignal;
}

/** Up to so many files the results are kept: such runs come again (a preview, then its push). A first import would only double its writes. */
const MOST_CACHED = 1_000;
/** What one message to a parsing thread carries. */
const BATCH_FILES = 250;
const BATCH_BYTES = 1024 * 1024;
/** Batches that were read and are not in the stage yet: enough that reading, parsing and writing never wait for one another, and all that is in memory. */
const MOST_BATCHES = 3;

/**
 * Brings what the files declare into the stage: parsed off the main thread, those apart that were parsed before. Reading, parsing and writing go on
 * side by side, in the order of `files`; problems are told in that order too.
 */
export async function stageFiles({ database, pool }: ParseDeps, request: StageRequest): Promise<void> {
  const { files, organizationId, stage, problems, signal } = request;
  if (files.length > MOST_CACHED) {
    await stageRead(request, files, files.length, async (batch, before) => {
      const [rows] = await Promise.all([pool.rows(batch, stage.repositoryId, signal), before]);
      problems.add(rows.problems);
      await stage.addText(rows);
    });
    return;
  }
  const missing = await stageCached(database, request);
  await stageRead(request, missing, missing.length, async (batch, before) => {
    const [parsed] = await Promise.all([pool.parse(batch, signal), before]);
    await take(request, parsed);
    await keep(database, organizationId, missing, parsed);
  });
}

/** Answers with the files that nobody parsed yet. */
async function stageCached(database: Database, request: StageRequest): Promise<readonly SelectedFile[]> {
  const files = [...request.files];
  const cached = await loadParsed(database, request.organizationId, files.map(cacheKey));
  if (cached.size > 0) await take(request, [...cached.values()]);
  return files.filter(({ file }) => !cached.has(file.path));
}

/** `stageBatch` may parse at once and has to write when `before`, all that was read earlier, is written. */
async function stageRead(
  request: StageRequest,
  files: Iterable<SelectedFile>,
  total: number,
  stageBatch: (batch: readonly BatchFile[], before: Promise<void>) => Promise<void>,
): Promise<void> {
  const waiting: Promise<void>[] = [];
  let staged: Promise<void> = Promise.resolve();
  let done = 0;
  for await (const batch of readBatches(request, files, total)) {
    staged = stageBatch(batch, staged).then(() => {
      done += batch.length;
      request.log.progress({ stage: 'parse', done, total });
    });
    // Met below, at the latest; until then it must not count as unhandled.
    staged.catch(() => undefined);
    waiting.push(staged);
    if (waiting.length >= MOST_BATCHES) await waiting.shift();
  }
  await staged;
}

/** The files with their bytes, gathered to what a thread is given at once. */
async function* readBatches(
  { source, signal }: StageRequest,
  files: Iterable<SelectedFile>,
  total: number,
): AsyncGenerator<readonly BatchFile[]> {
  // Contents come in the order asked for, so how each is to be read comes beside it.
  const rules = Iterator.from(files).map(({ rule }) => rule);
  const wanted = Iterator.from(files).map(({ file }) => file);
  let batch: BatchFile[] = [];
  let bytesHeld = 0;
  let left = total;
  for await (const { file, bytes } of source.readBlobs(wanted, signal)) {
    batch.push({ path: file.path, rule: rules.next().value ?? '', blobId: file.blobId, bytes });
    bytesHeld += bytes.length;
    left -= 1;
    // The last one is not kept waiting for Git to end.
    if (left > 0 && batch.length < BATCH_FILES && bytesHeld < BATCH_BYTES) continue;
    yield batch;
    batch = [];
    bytesHeld = 0;
  }
  if (batch.length > 0) yield batch;
}

async function take({ stage, problems }: StageRequest, parsed: readonly ParsedFile[]): Promise<void> {
  for (const file of parsed) problems.add(file.problems);
  await stage.addObjects(parsed.flatMap((file) => file.objects));
}

async function keep(
  database: Database,
  organizationId: string,
  files: readonly SelectedFile[],
  parsed: readonly ParsedFile[],
): Promise<void> {
  const lasting = new Map(parsed.filter(isLasting).map((file) => [file.path, file]));
  const entries = files.flatMap(({ file, rule, version }) => {
    const found = lasting.get(file.path);
    return found === undefined ? [] : [{ rule, version, parsed: found }];
  });
  await saveParsed(database, organizationId, entries);
}

function cacheKey({ file, rule, version }: SelectedFile) {
  return { blobId: file.blobId, rule, path: file.path, version };
}
