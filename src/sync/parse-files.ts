import type { Database } from '#db/database.ts';
import type { ParsedFile } from '#domain/content.ts';
import type { ContentSource } from '#git/source.ts';
import type { ParsePool } from '#import/parse-pool.ts';
import type { SelectedFile } from '#import/select-files.ts';
import { loadParsed, saveParsed } from '#import/store.ts';
import type { RunLog } from './run-log.ts';

export interface ParseDeps {
  readonly database: Database;
  readonly pool: ParsePool;
}

export interface ParseRequest {
  readonly organizationId: string;
  readonly source: ContentSource;
  readonly files: readonly SelectedFile[];
  readonly log: RunLog;
  readonly signal: AbortSignal;
}

/** Up to so many files the results are kept: such runs come again (a preview, then its push). A first import would only double its writes. */
const MOST_CACHED = 1_000;
/** A batch is what one message to a worker carries; so many wait at once, which bounds what is in memory (PERFORMANCE.md section 5). */
const BATCH_FILES = 250;
const BATCH_BYTES = 2 * 1024 * 1024;
const MOST_BATCHES = 4;

/** Parses the files off the main thread, those apart that were parsed before. In the order of `files`. */
export async function parseFiles(deps: ParseDeps, request: ParseRequest): Promise<readonly ParsedFile[]> {
  const cached =
    request.files.length <= MOST_CACHED
      ? await loadParsed(deps.database, request.organizationId, request.files.map(cacheKey))
      : new Map<string, ParsedFile>();
  const missing = request.files.filter(({ file }) => !cached.has(file.path));
  const fresh = await parseMissing(deps.pool, request, missing);
  if (missing.length <= MOST_CACHED) await keep(deps.database, request.organizationId, missing, fresh);
  return request.files.flatMap(({ file }) => {
    const parsed = cached.get(file.path) ?? fresh.get(file.path);
    return parsed === undefined ? [] : [parsed];
  });
}

async function parseMissing(
  pool: ParsePool,
  request: ParseRequest,
  missing: readonly SelectedFile[],
): Promise<ReadonlyMap<string, ParsedFile>> {
  const { source, log, signal } = request;
  const parsedByPath = new Map<string, ParsedFile>();
  const selectedByPath = new Map(missing.map((selected) => [selected.file.path, selected]));
  const underWay = new Set<Promise<void>>();
  let batch: { readonly selected: SelectedFile; readonly bytes: Uint8Array }[] = [];
  let batchBytes = 0;

  function submit(): void {
    const files = batch.map(({ selected, bytes }) => ({
      path: selected.file.path,
      rule: selected.rule,
      blobId: selected.file.blobId,
      bytes,
    }));
    batch = [];
    batchBytes = 0;
    const parsing = pool.parse(files, signal).then((parsed) => {
      for (const file of parsed) parsedByPath.set(file.path, file);
      log.progress({ stage: 'parse', done: parsedByPath.size, total: missing.length });
    });
    underWay.add(parsing);
    // The rejection is met below; here only the bookkeeping ends.
    void parsing.finally(() => underWay.delete(parsing)).catch(() => undefined);
  }

  for await (const { file, bytes } of source.readBlobs(
    missing.map((selected) => selected.file),
    signal,
  )) {
    const selected = selectedByPath.get(file.path);
    if (selected === undefined) continue;
    batch.push({ selected, bytes });
    batchBytes += bytes.length;
    if (batch.length < BATCH_FILES && batchBytes < BATCH_BYTES) continue;
    submit();
    if (underWay.size >= MOST_BATCHES) await Promise.race(underWay);
  }
  if (batch.length > 0) submit();
  await Promise.all(underWay);
  return parsedByPath;
}

async function keep(
  database: Database,
  organizationId: string,
  files: readonly SelectedFile[],
  parsedByPath: ReadonlyMap<string, ParsedFile>,
): Promise<void> {
  const entries = files.flatMap(({ file, rule, version }) => {
    const parsed = parsedByPath.get(file.path);
    return parsed === undefined ? [] : [{ rule, version, parsed }];
  });
  for (let at = 0; at < entries.length; at += BATCH_FILES) await saveParsed(database, organizationId, entries.slice(at, at + BATCH_FILES));
}

function cacheKey({ file, rule, version }: SelectedFile) {
  return { blobId: file.blobId, rule, path: file.path, version };
}
