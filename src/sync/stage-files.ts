import type { Database } from '#db/database.ts';
import type { ParsedFile } from '#domain/content.ts';
import type { ContentSource } from '#git/source.ts';
import type { BatchFile } from '#import/parse-batch.ts';
import { isLasting } from '#import/parse-pool.ts';
import type { ParsePool } from '#import/parse-pool.ts';
import type { ProblemList } from '#import/problem-list.ts';
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
  readonly files: readonly SelectedFile[];
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
const MOST_BATCHES = 6;

/**
 * Brings what the files declare into the stage: parsed off the main thread, those apart that were parsed before. Reading, parsing and writing go on
 * side by side, in the order of `files`; problems are told in that order too.
 */
export async function stageFiles(deps: ParseDeps, request: StageRequest): Promise<void> {
  const { files, organizationId } = request;
  const cached =
    files.length <= MOST_CACHED ? await loadParsed(deps.database, organizationId, files.map(cacheKey)) : new Map<string, ParsedFile>();
  if (cached.size > 0) await take(request, [...cached.values()]);
  const missing = files.filter(({ file }) => !cached.has(file.path));
  if (missing.length > 0) await stageMissing(deps, request, missing);
}

async function stageMissing(deps: ParseDeps, request: StageRequest, missing: readonly SelectedFile[]): Promise<void> {
  const { log, signal } = request;
  const isKept = missing.length <= MOST_CACHED;
  const waiting: Promise<void>[] = [];
  let staged: Promise<void> = Promise.resolve();
  let done = 0;
  for await (const batch of readBatches(request, missing)) {
    const parsing = deps.pool.parse(batch, signal);
    const before = staged;
    staged = (async () => {
      const [parsed] = await Promise.all([parsing, before]);
      await take(request, parsed);
      if (isKept) await keep(deps.database, request.organizationId, missing, parsed);
      done += batch.length;
      log.progress({ stage: 'parse', done, total: missing.length });
    })();
    // Met below, at the latest; until then it must not count as unhandled.
    staged.catch(() => undefined);
    waiting.push(staged);
    if (waiting.length >= MOST_BATCHES) await waiting.shift();
  }
  await staged;
}

/** The files with their bytes, gathered to what a thread is given at once. */
async function* readBatches({ source, signal }: StageRequest, missing: readonly SelectedFile[]): AsyncGenerator<readonly BatchFile[]> {
  const selectedByPath = new Map(missing.map((selected) => [selected.file.path, selected]));
  let batch: BatchFile[] = [];
  let bytesHeld = 0;
  for await (const { file, bytes } of source.readBlobs(
    missing.map((selected) => selected.file),
    signal,
  )) {
    const selected = selectedByPath.get(file.path);
    if (selected === undefined) continue;
    batch.push({ path: file.path, rule: selected.rule, blobId: file.blobId, bytes });
    bytesHeld += bytes.length;
    if (batch.length < BATCH_FILES && bytesHeld < BATCH_BYTES) continue;
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
