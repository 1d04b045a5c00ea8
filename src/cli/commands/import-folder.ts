import { basename } from 'node:path';
import type { Api } from '#cli/client/api.ts';
import { readJobResult, sentSchema } from '#cli/client/shapes.ts';
import { openFolder } from '#cli/folder/open.ts';
import { packFiles } from '#cli/folder/pack.ts';
import { printable } from '#cli/render/printable.ts';
import type { Terminal } from '#cli/terminal.ts';
import type { AskedRun, ImportOptions } from './import.ts';

/** Sends what a folder holds and asks for its import; the folder is read here, because the service may be on another machine. */
export async function askForFolder(api: Api, terminal: Terminal, path: string, options: ImportOptions): Promise<AskedRun> {
  const stopping = new AbortController();
  const folder = await openFolder(path, options, stopping.signal);
  try {
    terminal.progress(`Sending ${folder.files.length} files of ${printable(path)} at ${folder.source.commit.slice(0, 10)}`);
    const query = {
      name: options.name ?? (basename(path) || 'folder'),
      commit: folder.source.commit,
      path,
      dirty: folder.dirty,
      path_prefix: options.pathPrefix,
      dry_run: options.dryRun ?? false,
      force: options.force ?? false,
    };
    const tar = packFiles(folder.source, folder.files, stopping.signal);
    const answer = sentSchema.parse(await api.upload('/api/imports/', query, 'application/x-tar', tar));
    const state = answer.temporary ? 'temporary' : answer.registered ? 'registered' : 'found';
    return {
      jobResult: readJobResult(answer.job_result),
      repository: { ...answer.repository, state },
      warnings: [...folder.warnings, ...(answer.warnings ?? [])],
    };
  } finally {
    stopping.abort();
    await folder.close();
  }
}
