import { statusLockKey } from '#test/forge/gitlab/statuses.ts';
import { changeSettings } from '#test/forge/gitlab/settings.ts';
import { gitlabSettings, statusLock } from '#test/forge/gitlab/wire.ts';
import { control, getRepository, type ControlCall, type ControlEndpoint } from './endpoint.ts';

/** How GitLab is set up, and what holds it up. */
export const gitlabControls: readonly ControlEndpoint[] = [
  control('PATCH', '/gitlab', async ({ forge, json }) => changeSettings(forge.gitlab.settings, await json(gitlabSettings))),
  control('POST', '/gitlab/status-locks', lockStatus),
  control('DELETE', '/gitlab/status-locks/{id}', ({ forge, params }) => forge.gitlab.heldLocks.get(Number(params['id']))?.()),
];

/** Holds a commit's statuses as if another update of them were under way. */
async function lockStatus({ forge, json }: ControlCall): Promise<{ readonly id: number }> {
  const { repository, sha } = await json(statusLock);
  const { statusLocks, heldLocks } = forge.gitlab;
  const release = await statusLocks.acquire(statusLockKey(getRepository(forge, repository).id, sha), Number.POSITIVE_INFINITY);
  const id = forge.nextId();
  if (release !== undefined) heldLocks.set(id, release);
  return { id };
}
