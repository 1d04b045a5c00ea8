import type { CommitId } from '#domain/words.ts';
import { isCommitId } from '#domain/words.ts';
import type { CatFile } from './cat-file.ts';
import type { Git } from './context.ts';
import { GitExitError } from './exit.ts';
import { runGit } from './simple.ts';

export interface CommitInfo {
  readonly commit: CommitId;
  readonly author: { readonly name: string; readonly email: string };
  readonly authoredAt: Date;
  /** First line of the message. */
  readonly subject: string;
}

const MAX_NAME = 200;
const MAX_SUBJECT = 300;
/** Control characters and those that change the direction of text: a message must not rewrite the log line it stands in. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNSHOWABLE = /[\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]+/g;

/** Who made a commit and what for; text from strangers, shortened and without control characters. Throws GitExitError. */
export async function readCommitInfo(git: Git, gitDir: string, commit: CommitId, signal: AbortSignal): Promise<CommitInfo> {
  const args = [
    'log',
    '-1',
    '--no-show-signature',
    '--no-notes',
    '--no-mailmap',
    '--encoding=UTF-8',
    '--format=%an%x00%ae%x00%at%x00%s',
    commit,
  ];
  const [name = '', email = '', seconds = '', subject = ''] = (await runGit(git, { args, gitDir, signal })).split('\0');
  return {
    commit,
    author: { name: toShowable(name, MAX_NAME), email: toShowable(email, MAX_NAME) },
    authoredAt: toDate(Number(seconds)),
    subject: toShowable(subject, MAX_SUBJECT),
  };
}

/** Whether `a` is an ancestor of `b`, or the same. */
export async function isAncestorOf(
  git: Git,
  gitDir: string,
  { a, b }: { readonly a: CommitId; readonly b: CommitId },
  signal: AbortSignal,
  openReader: (signal: AbortSignal) => CatFile,
): Promise<boolean> {
  if (await isNear(openReader(signal), a, b)) return true;
  try {
    await runGit(git, { args: ['merge-base', '--is-ancestor', a, b], gitDir, signal });
    return true;
  } catch (error) {
    if (error instanceof GitExitError && error.exit.ended === 'by-itself' && error.exit.code === 1) return false;
    throw error;
  }
}

/** Most pushes are a few commits, whose parents are read in less time than a process of Git takes to start. */
const NEAR_COMMITS = 16;

async function isNear(reader: CatFile, ancestor: CommitId, commit: CommitId): Promise<boolean> {
  const seen = new Set([commit]);
  for (const id of seen) {
    if (id === ancestor) return true;
    if (seen.size > NEAR_COMMITS) return false;
    const { exists } = await reader.ask(id, 'existence');
    if (!exists) return false;
    for (const parent of parentsOf((await reader.ask(id, 'commit')).bytes)) seen.add(parent);
  }
  return false;
}

function parentsOf(commit: Uint8Array): readonly CommitId[] {
  const [head = ''] = Buffer.from(commit).toString('latin1').split('\n\n', 1);
  return [...head.matchAll(/^parent ([0-9a-f]+)$/gm)].map((match) => match[1] ?? '').filter(isCommitId);
}

export function toShowable(text: string, maxChars: number): string {
  const clean = text.toWellFormed().replaceAll(UNSHOWABLE, ' ').trim();
  return clean.length <= maxChars ? clean : `${clean.slice(0, maxChars - 1).toWellFormed()}…`;
}

/** Commits may claim any time, past the years that Date holds. */
function toDate(seconds: number): Date {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? new Date(0) : date;
}
