import type { Remote } from '#domain/remote.ts';
import type { CommitId } from '#domain/words.ts';
import { isCommitId } from '#domain/words.ts';
import type { Git } from './context.ts';
import { tooLarge } from './failure.ts';
import { splitRecords } from './lines.ts';
import { isSafeRef } from './ref-name.ts';
import { readRemote } from './remote-call.ts';

/** Branches and tags of a remote as it states them now. */
export interface RemoteRefs {
  /** The default branch as a full ref; undefined when HEAD is detached or absent. It may name a branch that does not exist yet. */
  readonly head: string | undefined;
  readonly headExists: boolean;
  /** `refs/heads/…` and `refs/tags/…`; a tag's id is the tag object's where it has one. */
  readonly refs: ReadonlyMap<string, CommitId>;
  /** What annotated tags point to, by full ref. */
  readonly peeled: ReadonlyMap<string, CommitId>;
  /** Names that are not taken over because they are not safe to handle. */
  readonly skipped: readonly string[];
}

/**
 * One `ls-remote`; with `only`, of these full refs and HEAD, which a server that speaks protocol 2 answers without listing the others.
 * Throws Failure: access (AUTH_*, REPO_NOT_FOUND, REPO_MOVED, TLS_UNTRUSTED), connection (CONNECTION_FAILED, CLONE_TIMEOUT,
 * RATE_LIMITED, PROVIDER_FAILED), TOO_LARGE, CANCELLED.
 */
export async function listRemoteRefs(git: Git, remote: Remote, signal: AbortSignal, only?: readonly string[]): Promise<RemoteRefs> {
  const patterns = only === undefined ? [] : ['HEAD', ...only];
  const args = ['ls-remote', '--symref', '--end-of-options', remote.url, ...patterns];
  const listing = createRefListing(git.limits.maxEntries);
  const output = readRemote(git, remote, { args, gitDir: undefined, signal });
  for await (const line of splitRecords(output, '\n')) listing.add(line);
  return listing;
}

interface RefListing extends RemoteRefs {
  add(line: string): void;
}

function createRefListing(maxRefs: number): RefListing {
  const refs = new Map<string, CommitId>();
  const peeled = new Map<string, CommitId>();
  const skipped: string[] = [];
  let head: string | undefined;
  let headExists = false;
  return {
    refs,
    peeled,
    skipped,
    get head() {
      return head;
    },
    get headExists() {
      return headExists;
    },
    add(line) {
      const [value = '', name = ''] = line.split('\t');
      if (name === 'HEAD' && value.startsWith('ref: ')) head = headOf(value.slice('ref: '.length));
      if (name === 'HEAD' && isCommitId(value)) headExists = true;
      if (!/^refs\/(?:heads|tags)\//.test(name) || !isCommitId(value)) return;
      if (refs.size + skipped.length >= maxRefs) throw tooLarge('The repository has too many refs', 'TRIBUTARY_MAX_ENTRIES', maxRefs);
      if (name.endsWith('^{}')) {
        const tag = name.slice(0, -'^{}'.length);
        if (refs.has(tag)) peeled.set(tag, value);
      } else if (isSafeRef(name)) refs.set(name, value);
      else skipped.push(name);
    },
  };
}

function headOf(ref: string): string | undefined {
  return ref.startsWith('refs/heads/') && isSafeRef(ref) ? ref : undefined;
}
