import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '#config.ts';
import type { Config } from '#config.ts';
import type { TreeFile } from '#domain/content.ts';
import type { Git } from '#git/context.ts';
import { createGit } from '#git/git.ts';
import { openLocalSource } from '#git/local.ts';
import type { ContentSource } from '#git/source.ts';
import { relevantFiles } from './relevant-files.ts';

/** A folder that is about to be sent. */
export interface OpenedFolder {
  readonly source: ContentSource;
  /** There are changes that are not committed; they are not part of the source. The service says so. */
  readonly dirty: boolean;
  readonly files: readonly TreeFile[];
  /** What a person should know of what is not sent. */
  readonly warnings: readonly string[];
  readonly close: () => Promise<void>;
}

export interface FolderOptions {
  readonly pathPrefix?: string | undefined;
}

/** Reads what a folder holds: a Git repository at its HEAD, any other as it is. Git runs in a place of its own, so the data folder is not needed. */
export async function openFolder(path: string, options: FolderOptions, signal: AbortSignal): Promise<OpenedFolder> {
  const place = await mkdtemp(join(tmpdir(), 'tributary-git-'));
  let git: Git | undefined;
  const close = async (): Promise<void> => {
    // HOME of Git is read-only, which would keep its file from being removed.
    if (git !== undefined) await chmod(git.homeDir, 0o700);
    await rm(place, { recursive: true, force: true });
  };
  try {
    const { limits, syncTimeoutMs } = gitSettings();
    git = await createGit({ dataDir: place, limits, timeoutMs: syncTimeoutMs });
    const source = await openLocalSource(git, path, signal);
    const { files, warnings } = await relevantFiles(source, options.pathPrefix ?? '', signal);
    return { source, files, dirty: source.dirty ?? false, warnings, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A client of a service elsewhere has no configuration to get wrong: then the defaults hold, and the service has its own limits. */
function gitSettings(): Pick<Config, 'limits' | 'syncTimeoutMs'> {
  const own = readConfig();
  const config = own.ok ? own : readConfig({});
  if (!config.ok) throw new Error('the defaults of the configuration are not usable');
  return config.value;
}
