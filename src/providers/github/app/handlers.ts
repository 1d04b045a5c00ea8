import type { ApplicationFunction } from 'probot';
import type { z } from 'zod';
import type { CheckRequestedEvent, EventRepository, InstallationChangedEvent, RepositoryEvent } from '#domain/event.ts';
import { isCommitId } from '#domain/words.ts';
import { ignored, readPayload } from '#providers/payload.ts';
import type { ParsedPayload } from '#providers/payload.ts';
import { checkRunEvent, checkSuiteEvent, installationEvent, installationRepositoriesEvent, installationTargetEvent } from './schema.ts';

/**
 * What only an App is told, as handlers of Probot. They read: what follows is the inbox's to decide, and how things stand is asked of
 * GitHub. `rest` says what the payload means that a repository's hook is told as well.
 */
export function createHandlers(emit: (event: ParsedPayload) => void, rest: () => ParsedPayload): ApplicationFunction {
  return (probot) => {
    probot.on('installation', ({ payload }) => emit(readPayload('GitHub', installationEvent, payload, toInstallation)));
    probot.on('installation_repositories', ({ payload }) =>
      emit(readPayload('GitHub', installationRepositoriesEvent, payload, toRepositories)),
    );
    probot.on('installation_target', ({ payload }) => emit(readPayload('GitHub', installationTargetEvent, payload, toRenamed)));
    probot.on('check_run', ({ payload }) =>
      emit(
        readPayload('GitHub', checkRunEvent, payload, ({ action, check_run: run, ...where }) =>
          toCheck(`check_run.${action}`, run.head_sha, where),
        ),
      ),
    );
    probot.on('check_suite', ({ payload }) =>
      emit(
        readPayload('GitHub', checkSuiteEvent, payload, ({ action, check_suite: suite, ...where }) =>
          toCheck(`check_suite.${action}`, suite.head_sha, where),
        ),
      ),
    );
    probot.on(['push', 'pull_request', 'repository', 'ping', 'meta'], () => emit(rest()));
  };
}

const CHANGES: Readonly<Record<string, InstallationChangedEvent['change']>> = {
  created: 'created',
  deleted: 'deleted',
  suspend: 'suspended',
  unsuspend: 'unsuspended',
  new_permissions_accepted: 'permissions-accepted',
};

function toInstallation({ action, installation, repositories }: z.infer<typeof installationEvent>): RepositoryEvent {
  const change = Object.hasOwn(CHANGES, action) ? CHANGES[action] : undefined;
  if (change === undefined) return ignored(`installation.${action.slice(0, 60)} means nothing here.`);
  const isGone = change === 'deleted';
  return {
    kind: 'installation-changed',
    provider: 'github',
    change,
    installation,
    added: isGone ? [] : repositories,
    removed: isGone ? repositories : [],
  };
}

function toRepositories(event: z.infer<typeof installationRepositoriesEvent>): RepositoryEvent {
  const { installation, repositories_added: added, repositories_removed: removed } = event;
  return { kind: 'installation-changed', provider: 'github', change: 'repositories', installation, added, removed };
}

function toRenamed({ action, installation: { id }, account }: z.infer<typeof installationTargetEvent>): RepositoryEvent {
  if (action !== 'renamed') return ignored(`installation_target.${action.slice(0, 60)} means nothing here.`);
  return {
    kind: 'installation-changed',
    provider: 'github',
    change: 'account-renamed',
    installation: { id, account },
    added: [],
    removed: [],
  };
}

interface Where {
  readonly repository: {
    readonly id: string;
    readonly full_name: string;
    readonly default_branch?: string | undefined;
    readonly clone_url?: string | undefined;
  };
  readonly sender?: { readonly login: string } | null | undefined;
}

/** `created` and `completed` tell of what we posted ourselves: acting on them would go round in a circle (SECURITY T36). */
function toCheck(event: string, commit: string, { repository, sender }: Where): CheckRequestedEvent | RepositoryEvent {
  if (!event.endsWith('.rerequested')) return ignored(`${event.slice(0, 80)} tells of a check and asks for nothing.`);
  if (!isCommitId(commit)) return ignored(`${event} names no commit.`);
  return { kind: 'check-requested', provider: 'github', repository: toEventRepository(repository), actor: sender?.login, commit };
}

function toEventRepository({ id, full_name, default_branch, clone_url }: Where['repository']): EventRepository {
  return { id, fullName: full_name, defaultBranch: default_branch, cloneUrl: clone_url };
}
