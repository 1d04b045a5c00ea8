import { assertNever } from '#domain/result.ts';
import type { RepositoryEvent } from '#domain/event.ts';
import type { AdminStatus, UpdatePolicy } from '#domain/words.ts';

/** What routing knows of a repository. */
export interface RoutedRepository {
  readonly id: string;
  readonly ref: string;
  readonly remote_id: string | null;
  readonly update_policy: UpdatePolicy;
  readonly admin_status: AdminStatus;
}

/** What an event asks for: a sync, or nothing for the reason given. */
export type Decision = { readonly kind: 'sync' } | { readonly kind: 'nothing'; readonly reason: string };

/** What to do about one event of a hook's repository. Pure; a webhook is a hint, so an event never says what to import, only that there may be something. */
export function decide(event: RepositoryEvent, repository: RoutedRepository): Decision {
  switch (event.kind) {
    case 'ignored':
      return nothing(event.reason);
    case 'ping':
      return nothing('The provider greets a new hook: deliveries arrive.');
    case 'hook-removed':
      return nothing('The hook was removed at the provider.');
    case 'change-request':
      return (
        otherRepository(event.repository.id, repository) ?? nothing('Recorded; previews of pull requests are not part of this version.')
      );
    case 'installation-changed':
      return nothing('Installations are told to the address of their App; this hook belongs to a repository.');
    case 'check-requested':
      return otherRepository(event.repository.id, repository) ?? sync(repository);
    case 'token-expiring':
      return nothing(`The access token "${event.token.name}" works until 00:00 UTC of ${event.expiresOn}. Replace it before.`);
    case 'repository-changed':
      return otherRepository(event.repository.id, repository) ?? sync(repository);
    case 'push':
    case 'tag':
      return (
        otherRepository(event.repository.id, repository) ??
        (follows(event.ref, repository.ref)
          ? sync(repository)
          : nothing(`This repository follows ${repository.ref}, the push was to ${event.ref}.`))
      );
    default:
      return assertNever(event);
  }
}

/** A short name may be a branch or a tag; a commit is followed by nothing. */
function follows(pushed: string, ref: string): boolean {
  return pushed === ref || pushed === `refs/heads/${ref}` || pushed === `refs/tags/${ref}`;
}

function otherRepository(remoteId: string, repository: RoutedRepository): Decision | undefined {
  if (repository.remote_id === null || repository.remote_id === remoteId) return undefined;
  return nothing(`The delivery is about another repository (id ${remoteId}) than this hook's (id ${repository.remote_id}).`);
}

function sync(repository: RoutedRepository): Decision {
  if (repository.admin_status !== 'active') return nothing(`The repository is ${repository.admin_status}.`);
  if (repository.update_policy === 'manual') return nothing('The repository is updated by hand only (update_policy manual).');
  if (repository.update_policy === 'notify')
    return nothing('The repository is updated by hand; the move of its ref is recorded (update_policy notify).');
  return { kind: 'sync' };
}

function nothing(reason: string): Decision {
  return { kind: 'nothing', reason };
}
