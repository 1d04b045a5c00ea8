import { accountShape, statusShape } from '#test/forge/github/shapes.ts';
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
  control('POST', '/faults', addFault),
  control('GET', '/faults', ({ forge }) => forge.faults.list()),
  control('DELETE', '/faults', ({ forge }) => forge.faults.clear()),
  control('DELETE', '/faults/{id}', ({ forge, params }) => forge.faults.clear(Number(params['id']))),
  control('POST', '/settle', ({ forge }) => forge.busy.idle()),
];

/** All of them, the oldest first. */
function listStatuses(call: ControlCall): readonly unknown[] {
  const { forge, params } = call;
  const repository = repositoryParam(call);
  return forge.github.statuses
    .filter((status) => status.repositoryId === repository.id && status.sha === params['sha'])
    .map((status) => ({ ...statusShape(forge.url, repository, status), creator: accountShape(forge.url, status.creator) }));
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
