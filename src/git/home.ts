import { chmod, mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { v4 as uuid } from 'uuid';

/**
 * The configuration that every call of Git runs under, as the only file of its HOME. A repository's own configuration would
 * override most of it, so no call ever reads one that we did not write.
 */
export const GIT_CONFIG = `[core]
	hooksPath = /dev/null
	symlinks = false
	fsmonitor = false
	attributesFile = /dev/null
	excludesFile = /dev/null
	useReplaceRefs = false
	protectHFS = true
	protectNTFS = true
	bigFileThreshold = 1m
	packedGitWindowSize = 32m
	packedGitLimit = 256m
	deltaBaseCacheLimit = 32m
	fsync = objects,derived-metadata,reference
	askPass =
	sshCommand = false
	gitProxy =
[init]
	templateDir =
[gc]
	auto = 0
	autoDetach = false
[maintenance]
	auto = false
[protocol]
	allow = never
	version = 2
[protocol "https"]
	allow = always
[transfer]
	fsckObjects = true
	credentialsInUrl = die
	bundleURI = false
	unpackLimit = 1
[receive]
	fsckObjects = true
[fetch]
	fsckObjects = true
	unpackLimit = 1
	recurseSubmodules = no
	writeCommitGraph = false
	showForcedUpdates = false
[fetch "fsck"]
	badTimezone = ignore
	missingSpaceBeforeDate = ignore
	zeroPaddedFilemode = ignore
[fsck]
	badTimezone = ignore
	missingSpaceBeforeDate = ignore
	zeroPaddedFilemode = ignore
[submodule]
	recurse = false
[http]
	followRedirects = false
	sslVerify = true
	proxy =
	cookieFile =
	saveCookies = false
	emptyAuth = false
	delegation = none
	maxRequests = 2
	maxRetries = 0
	lowSpeedLimit = 1000
	lowSpeedTime = 20
[credential]
	helper =
	helper = channel
	useHttpPath = true
	interactive = false
	protectProtocol = true
[safe]
	bareRepository = explicit
[log]
	showSignature = false
[advice]
	detachedHead = false
[pack]
	writeBitmaps = false
	threads = 2
	windowMemory = 64m
	deltaCacheSize = 32m
[repack]
	writeBitmaps = false
`;

/** Makes HOME for Git. Read-only, and written anew at every start unless it is exactly what it should be. */
export async function prepareHome(homeDir: string): Promise<void> {
  await mkdir(homeDir, { recursive: true, mode: 0o700 });
  const file = join(homeDir, '.gitconfig');
  const present = await readFile(file, 'utf8').catch(() => undefined);
  if (present !== GIT_CONFIG) {
    await chmod(homeDir, 0o700);
    const draft = `${file}.${uuid()}`;
    await writeFile(draft, GIT_CONFIG, { mode: 0o444, flag: 'wx' });
    // Processes that start together may both write: the same content, each at once.
    await rename(draft, file);
  }
  await chmod(file, 0o444);
  await chmod(homeDir, 0o500);
}

/** Whether HOME of Git is as it was made. Looks only; the next start makes it anew. */
export async function inspectHome(homeDir: string): Promise<'absent' | 'as-made' | 'altered'> {
  const names = await readdir(homeDir).catch(() => undefined);
  if (names === undefined) return 'absent';
  const config = await readFile(join(homeDir, '.gitconfig'), 'utf8').catch(() => undefined);
  return config === GIT_CONFIG && names.length === 1 ? 'as-made' : 'altered';
}
