import { describeTokenOf } from '#credentials/describe-token.ts';
import type { Database } from '#db/database.ts';
import type { Redactor } from '#domain/redact.ts';
import type { Git } from '#git/context.ts';
import { listRemoteRefs } from '#git/list-remote-refs.ts';
import { describeHookOf } from '#hooks/describe.ts';
import type { HookDeps } from '#hooks/hook.ts';
import { sameRemoteKey } from '#net/remote-url.ts';
import { confirmIdentity } from '#repositories/identity.ts';
import { openRemote, pauseGit } from '#repositories/open.ts';
import type { Lost, RelocateDeps } from '#repositories/relocate.ts';
import { relocate } from '#repositories/relocate.ts';
import type { RemoteSourceDeps } from '#sync/remote-source.ts';
import { addLogLine } from '#sync/run-log.ts';

export interface RemotesDeps {
  readonly database: Database;
  readonly git: Git;
  readonly hooks: HookDeps;
  readonly checkUrl: RelocateDeps['checkUrl'];
  readonly redact: Redactor;
}

type Relocate = (lost: Lost, signal: AbortSignal) => Promise<object | undefined>;

/** How syncs and looks reach the remotes of repositories. */
export function createRemotes({ database, git, hooks, checkUrl, redact }: RemotesDeps): RemoteSourceDeps & { readonly relocate: Relocate } {
  const tell: RelocateDeps['tell'] = (tx, jobResultId, line) => addLogLine(tx, redact, jobResultId, line);
  const open: RemoteSourceDeps['openRemote'] = (id) => openRemote(hooks, id);
  return {
    database,
    git,
    openRemote: open,
    askHead: async (id, signal) => (await listRemoteRefs(git, await open(id), signal, [])).head,
    pauseGit: (id) => pauseGit(hooks, id),
    describeHook: (id) => describeHookOf(database, id),
    describeToken: (id) => describeTokenOf(database, id, new Date()),
    confirmIdentity: (id, signal) => confirmIdentity(hooks, id, signal),
    relocate: (lost, signal) => relocate({ ...hooks, checkUrl, sameRemoteKey, tell }, lost, signal),
  };
}
