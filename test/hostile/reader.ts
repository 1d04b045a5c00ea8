/**
 * A process that reads repositories as a sync does, up to where the database begins: mirror, commit, files, contents, parsing.
 * Told what to read over IPC, so that what it takes of the machine can be watched from outside.
 */
import { join } from 'node:path';
import { toFailure } from '#domain/failure.ts';
import { createGit } from '#git/git.ts';
import { openMirror } from '#git/mirror.ts';
import { createParsePool } from '#import/parse-pool.ts';
import { selectFiles } from '#import/select-files.ts';
import type { Reading, ReadRequest } from './reading.ts';

const MIB = 1024 * 1024;
/** As the service has it, but for packs: what is tried may take a gigabyte of disk in all. */
const LIMITS = { maxEntries: 500_000, maxBlobBytes: 2 * MIB, maxImportBytes: 2_048 * MIB, maxPackBytes: 900 * MIB };
const NAMED = 200;

const [dataDir = '', secret = ''] = process.argv.slice(2);
const pool = createParsePool({ threads: 2, timeoutMs: 10_000, memoryMb: 256 });

process.on('message', (request: ReadRequest) => {
  void read(request).then((reading) => process.send?.(reading));
});
process.send?.('ready');

async function read({ key, url, limits, timeoutMs }: ReadRequest): Promise<Reading> {
  const { signal } = new AbortController();
  try {
    const git = await createGit({ dataDir: join(dataDir, 'data'), limits: { ...LIMITS, ...limits }, timeoutMs });
    const mirror = openMirror(git, { key });
    const update = await mirror.update({ remote: { url, access: undefined, pinned: undefined, plainHttp: true }, signal });
    const source = mirror.at(await mirror.resolve('main', signal));
    const info = await mirror.commitInfo(source.commit, signal);
    const { files, skipped } = await source.listFiles({ signal });
    const selection = selectFiles(files, { pathPrefix: '', providedContents: null, ignore: undefined });
    const rules = new Map(selection.files.map(({ file, rule }) => [file.path, rule]));
    const wanted: { path: string; rule: string; blobId: string; bytes: Uint8Array }[] = [];
    let leaked = JSON.stringify(info).includes(secret);
    for await (const { file, bytes } of source.readBlobs(files, signal)) {
      leaked ||= Buffer.from(bytes).includes(secret);
      const rule = rules.get(file.path);
      if (rule !== undefined) wanted.push({ path: file.path, rule, blobId: file.blobId, bytes });
    }
    const parsed = await pool.parse(wanted, signal);
    return {
      files: files
        .slice(0, NAMED)
        .concat(files.slice(-NAMED))
        .map(({ path }) => path),
      skipped: Object.fromEntries(skipped.slice(0, NAMED).map(({ path, reason }) => [path, reason])),
      skippedRefs: update.skipped.length,
      objects: parsed.reduce((sum, { objects }) => sum + objects.length, 0),
      problems: [...new Set(parsed.flatMap(({ problems }) => problems.map(({ code }) => code)))],
      shown: `${info.author.name} ${info.author.email} ${info.subject}`,
      leaked,
    };
  } catch (error) {
    const failure = toFailure(error);
    return {
      code: failure.code,
      message: failure.message,
      cause: failure.cause instanceof Error ? failure.cause.message : '',
      leaked: failure.message.includes(secret),
    };
  }
}
