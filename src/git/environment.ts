import { dirname } from 'node:path';
import type { Proxy } from '#domain/network.ts';
import type { Git } from './context.ts';

/** What differs between the environments of two calls. */
export interface EnvironmentNeeds {
  /** Repository the call works on. Always named, never discovered: discovery would find what others put in our way. */
  readonly gitDir: string | undefined;
  /** The one protocol the call may speak; `none` for everything local. */
  readonly protocol?: 'https' | 'http' | 'none' | undefined;
  /** `<protocol>://<host>/<path>` that the credential helper answers for. */
  readonly credentialFor?: string | undefined;
  /** `url` is what Git is told: without the password, for which the helper is asked. */
  readonly proxy?: (Proxy & { readonly url: string }) | undefined;
  /** Wall clock that git-run keeps by itself. */
  readonly timeoutMs?: number | undefined;
  /** Gives way to other processes where there is not enough for all: what takes in or lists all of a repository. */
  readonly isBackground?: boolean | undefined;
  /** git-run watches standard input instead of descriptor 3. */
  readonly watchStdin?: boolean | undefined;
  readonly workTree?: { readonly dir: string; readonly indexFile: string } | undefined;
}

/** The complete environment of a call. Nothing is inherited: no proxy, agent, editor, tracing or GIT_ variable of whoever started us. */
export function gitEnvironment(git: Git, needs: EnvironmentNeeds): Readonly<Record<string, string>> {
  return {
    PATH: git.path,
    HOME: git.homeDir,
    LANG: 'C',
    LC_ALL: 'C',
    TZ: 'UTC',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    // Wins over every protocol.* setting, wherever it comes from.
    GIT_ALLOW_PROTOCOL: needs.protocol ?? 'none',
    GIT_PROTOCOL_FROM_USER: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_LFS_SKIP_SMUDGE: '1',
    // Calls run in HOME; no folder above it is ever looked at for a repository.
    GIT_CEILING_DIRECTORIES: dirname(git.homeDir),
    // As simple-git sets it: `--upload` must never be read as `--upload-pack`.
    GIT_TEST_DISALLOW_ABBREVIATED_OPTIONS: 'true',
    GIT_RUN_SECONDS: String(wallClockSeconds(needs.timeoutMs ?? git.timeoutMs)),
    GIT_RUN_FILE_BLOCKS: String(Math.ceil(git.limits.maxPackBytes / 512)),
    GIT_RUN_DATA_KIB: String(Math.ceil(dataBytes(git.limits.maxPackBytes) / 1024)),
    ...(needs.isBackground === true ? { GIT_RUN_NICE: String(NICENESS) } : {}),
    ...(needs.gitDir === undefined ? {} : { GIT_DIR: needs.gitDir }),
    ...(needs.credentialFor === undefined ? {} : { GIT_RUN_CREDENTIAL_FOR: needs.credentialFor }),
    ...(needs.proxy === undefined ? {} : { GIT_RUN_PROXY: needs.proxy.url, GIT_RUN_PROXY_FOR: proxyFor(needs.proxy) }),
    ...(needs.watchStdin === true ? { GIT_RUN_WATCH_STDIN: '1' } : {}),
    ...(needs.workTree === undefined ? {} : { GIT_WORK_TREE: needs.workTree.dir, GIT_INDEX_FILE: needs.workTree.indexFile }),
  };
}

/** A third of what another process gets where both want all they can get. */
const NICENESS = 5;

/** What Git names when it asks for the password of its proxy. */
function proxyFor({ url }: NonNullable<EnvironmentNeeds['proxy']>): string {
  return `${url.replace(/(?<=:\/\/)[^@]*@/, '')}/`;
}

/** Our own timer comes first; this one serves when it cannot. */
function wallClockSeconds(timeoutMs: number): number {
  return Math.ceil(timeoutMs / 1000) + 5;
}

const LEAST_DATA_BYTES = 160 * 1024 * 1024;

/** Taking in a pack needs memory for each object of it: 288 MiB for the 2 GiB that are allowed unless said otherwise. */
function dataBytes(maxPackBytes: number): number {
  return LEAST_DATA_BYTES + maxPackBytes / 16;
}
