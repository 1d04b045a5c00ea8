import { newFault } from '#test/forge/wire.ts';
import { control, ControlError, repositoryParam, type ControlCall, type ControlEndpoint } from './endpoint.ts';

const MAX_WAIT_MS = 60_000;

/** Looking at the forge, and breaking it. */
export const observeControls: readonly ControlEndpoint[] = [
  control('GET', '/effects', ({ forge, query }) =>
    forge.effects.waitSince(Number(query.get('after') ?? 0), Math.min(Number(query.get('wait_ms') ?? 0), MAX_WAIT_MS)),
  ),
  control('GET', '/requests', ({ forge }) => forge.effects.requests.all()),
  control('GET', '/repositories/{owner}/{name}/statuses/{sha}', listStatuses),
  control('GET', '/repositories/{owner}/{name}/comments/{sha}', listComments),
  control('POST', '/faults', addFault),
  control('GET', '/faults', ({ forge }) => forge.faults.list()),
  control('DELETE', '/faults', ({ forge }) => forge.faults.clear()),
  control('DELETE', '/faults/{id}', ({ forge, params }) => forge.faults.clear(Number(params['id']))),
  control('POST', '/settle', ({ forge }) => forge.busy.idle()),
];

/** Of one commit, alike for all providers. GitLab's are jobs, whose state is the one they have now. */
export interface StatusView {
  readonly id: number;
  readonly state: string;
  readonly context: string;
  readonly description: string | null;
  readonly target_url: string | null;
  readonly creator: { readonly login: string };
}

/** All of them, the oldest first. */
function listStatuses(call: ControlCall): readonly StatusView[] {
  const { forge, params } = call;
  const repository = repositoryParam(call);
  if (repository.provider === 'gitlab')
    return forge.gitlab.statuses
      .filter((job) => job.projectId === repository.id && job.sha === params['sha'])
      .map(({ id, status, name, description, targetUrl, author }) => ({
        id,
        state: status,
        context: name,
        description,
        target_url: targetUrl,
        creator: { login: author.login },
      }));
  if (repository.provider === 'bitbucket')
    return forge.bitbucket.statuses
      .filter((status) => status.repositoryId === repository.id && status.sha === params['sha'])
      .map(({ id, state, key, description, url, author }) => ({
        id,
        state,
        context: key,
        description,
        target_url: url,
        creator: { login: author.login },
      }));
  return forge.github.statuses
    .filter((status) => status.repositoryId === repository.id && status.sha === params['sha'])
    .map(({ id, state, context, description, target_url, creator }) => ({ id, state, context, description, target_url, creator }));
}

/** Comments on one commit, the oldest first. */
function listComments(call: ControlCall): readonly string[] {
  const { forge, params } = call;
  const repository = repositoryParam(call);
  const comments =
    repository.provider === 'gitlab'
      ? forge.gitlab.commitNotes.filter(({ projectId }) => projectId === repository.id)
      : forge.github.commitComments.filter(({ repositoryId }) => repositoryId === repository.id);
  return comments.filter(({ sha }) => sha === params['sha']).map(({ body }) => body);
}

async function addFault({ forge, json }: ControlCall): Promise<{ readonly id: number }> {
  const fault = await json(newFault);
  try {
    RegExp(fault.match.path ?? '');
  } catch (error) {
    throw new ControlError(400, String(error));
  }
  return { id: forge.faults.add(fault) };
}
