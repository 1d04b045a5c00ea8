import { runGit, readGit } from './run.ts';
import { isAncestor, ZERO } from './refs.ts';

export interface Signature {
  readonly name: string;
  readonly email: string;
  /** ISO 8601 in the signer's own zone. */
  readonly date: string;
}

export interface Commit {
  readonly id: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Signature;
  readonly committer: Signature;
  readonly message: string;
}

export interface ChangedPaths {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly modified: readonly string[];
}

/** In the order asked for. Every id must be a commit. */
export async function readCommits(dir: string, ids: readonly string[]): Promise<readonly Commit[]> {
  if (ids.length === 0) return [];
  const output = await runGit(dir, ['cat-file', '--batch'], ids.map((id) => `${id}\n`).join(''));
  const commits: Commit[] = [];
  for (let at = 0; at < output.length;) {
    const end = output.indexOf(10, at);
    const [id = '', type, size] = output.subarray(at, end).toString().split(' ');
    if (type !== 'commit') throw new Error(`${id} is ${type ?? 'nothing'}, not a commit`);
    commits.push(parseCommit(id, output.subarray(end + 1, end + 1 + Number(size)).toString()));
    at = end + 1 + Number(size) + 1;
  }
  return commits;
}

/** The commit behind an object, or undefined for a tag of something else. */
export async function peelToCommit(dir: string, id: string): Promise<string | undefined> {
  return readGit(dir, ['rev-parse', '--verify', '--quiet', `${id}^{commit}`]).catch(() => undefined);
}

/**
 * Commits that a branch gained, oldest first, at most `limit` of the newest. `distinct` are those that no other branch had.
 * Reads the refs as they are after the push.
 */
export async function listNewCommits(
  dir: string,
  { ref, before, after }: { readonly ref: string; readonly before: string; readonly after: string },
  limit: number,
): Promise<{ readonly ids: readonly string[]; readonly distinct: ReadonlySet<string> }> {
  // Not --all, which counts HEAD in: that is the default branch, whatever is excluded.
  const elsewhere = [`--exclude=${ref}`, '--glob=refs/heads', '--glob=refs/tags'];
  const list = ['rev-list', '--topo-order', `--max-count=${limit}`, after, '--not'];
  const known = before === ZERO ? [] : [before];
  const distinct = lines(await readGit(dir, [...list, ...known, ...elsewhere]));
  const ids = before === ZERO ? distinct : lines(await readGit(dir, [...list, before]));
  return { ids: ids.toReversed(), distinct: new Set(distinct) };
}

/** True when history was rewritten: what was there is not part of what is there now. */
export async function wasForced(dir: string, before: string, after: string): Promise<boolean> {
  return before !== ZERO && after !== ZERO && !(await isAncestor(dir, before, after));
}

/** Paths against the first parent. */
export async function readChangedPaths(dir: string, ids: readonly string[]): Promise<ReadonlyMap<string, ChangedPaths>> {
  const args = ['diff-tree', '--stdin', '--root', '-r', '-z', '--no-renames', '--diff-merges=first-parent', '--name-status'];
  const fields = (await runGit(dir, args, ids.map((id) => `${id}\n`).join(''))).toString().split('\0');
  const byCommit = new Map<string, { added: string[]; removed: string[]; modified: string[] }>();
  let current = { added: [] as string[], removed: [] as string[], modified: [] as string[] };
  for (let at = 0; at < fields.length; at++) {
    const field = fields[at] ?? '';
    if (field.length >= 40) {
      current = { added: [], removed: [], modified: [] };
      byCommit.set(field.slice(0, 40), current);
    } else if (field !== '') {
      const paths = field === 'A' ? current.added : field === 'D' ? current.removed : current.modified;
      paths.push(fields[++at] ?? '');
    }
  }
  return byCommit;
}

function parseCommit(id: string, text: string): Commit {
  const split = text.indexOf('\n\n');
  const headers = text.slice(0, split).split('\n');
  const value = (key: string): string => headers.find((line) => line.startsWith(`${key} `))?.slice(key.length + 1) ?? '';
  return {
    id,
    tree: value('tree'),
    parents: headers.filter((line) => line.startsWith('parent ')).map((line) => line.slice(7)),
    author: parseSignature(value('author')),
    committer: parseSignature(value('committer')),
    message: text.slice(split + 2).trimEnd(),
  };
}

function parseSignature(line: string): Signature {
  const [, name = '', email = '', seconds = '0', zone = '+0000'] = /^(.*?) ?<(.*)> (\d+) ([+-]\d{4})$/.exec(line) ?? [];
  return { name, email, date: inZone(Number(seconds), zone) };
}

function inZone(seconds: number, zone: string): string {
  const minutes = (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3))) * (zone.startsWith('-') ? -1 : 1);
  const local = new Date((seconds + minutes * 60) * 1000).toISOString().slice(0, 19);
  return minutes === 0 ? `${local}Z` : `${local}${zone.slice(0, 3)}:${zone.slice(3)}`;
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}
