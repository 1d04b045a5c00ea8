import type { Readable } from 'node:stream';
import type { CommitChange, FileContent, Person } from '#test/forge/wire.ts';
import { changeRefs, diffRefs, listRefs, ZERO, type RefChange } from './refs.ts';
import { readGit, runGit } from './run.ts';

const WORKPLACE = 'refs/forge/making';

/**
 * Writes commits one upon the other and returns the last one's id. One process and one pack whatever the number of files.
 * The caller moves refs; nobody may do this twice at a time in one repository.
 */
export async function writeCommits(
  dir: string,
  parent: string | null,
  changes: readonly CommitChange[],
  fallback: Person,
): Promise<string> {
  await runGit(dir, ['fast-import', '--quiet', '--force', '--date-format=raw'], importStream(parent, changes, fallback));
  const id = await readGit(dir, ['rev-parse', '--verify', WORKPLACE]);
  await changeRefs(dir, [{ ref: WORKPLACE, before: id, after: ZERO }]);
  return id;
}

/** Takes a stream of `git fast-import` as it is, and says which refs it moved. */
export async function importRaw(dir: string, stream: Readable): Promise<readonly RefChange[]> {
  const before = await listRefs(dir, 'refs');
  await runGit(dir, ['fast-import', '--quiet', '--force'], stream);
  return diffRefs(before, await listRefs(dir, 'refs'));
}

/** Writes an object without looking at it, so that a tree may hold what no Git would write. */
export async function writeObject(dir: string, type: string, content: Uint8Array): Promise<string> {
  return (await runGit(dir, ['hash-object', '-t', type, '-w', '--stdin', '--literally'], [content])).toString().trim();
}

function* importStream(parent: string | null, changes: readonly CommitChange[], fallback: Person): Generator<Buffer> {
  yield Buffer.from('feature done\n');
  for (const [index, change] of changes.entries()) {
    const by = signature(change.author ?? fallback);
    yield Buffer.from(`commit ${WORKPLACE}\nauthor ${by}\ncommitter ${by}\n`);
    yield data(Buffer.from(change.message));
    if (index === 0 && parent !== null) yield Buffer.from(`from ${parent}\n`);
    for (const path of change.delete) yield Buffer.from(`D ${quote(path)}\n`);
    for (const [path, content] of Object.entries(change.files)) yield entry(path, content);
  }
  yield Buffer.from('done\n');
}

function entry(path: string, content: FileContent): Buffer {
  if (typeof content === 'string') return file('100644', path, Buffer.from(content));
  if ('submodule' in content) return Buffer.from(`M 160000 ${content.submodule} ${quote(path)}\n`);
  if ('symlink' in content) return file('120000', path, Buffer.from(content.symlink));
  const bytes = 'text' in content ? Buffer.from(content.text) : Buffer.from(content.base64, 'base64');
  return file(content.executable === true ? '100755' : '100644', path, bytes);
}

function file(mode: string, path: string, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`M ${mode} inline ${quote(path)}\n`), data(bytes)]);
}

function data(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`data ${bytes.length}\n`), bytes, Buffer.from('\n')]);
}

function quote(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function signature({ name, email, date }: Person): string {
  const seconds = Math.floor((date === undefined ? Date.now() : Date.parse(date)) / 1000);
  const zone = /[+-]\d\d:\d\d$/.exec(date ?? '')?.[0].replace(':', '') ?? '+0000';
  return `${name} <${email}> ${seconds} ${zone}`;
}
