import type { Forge } from '#test/forge/forge.ts';
import { readRef, ZERO } from '#test/forge/git/refs.ts';
import type { Answer } from '#test/forge/http/exchange.ts';
import type { Repository } from '#test/forge/repositories.ts';
import { NEEDS } from './access.ts';
import { deliverEvent } from './deliveries.ts';
import { numberParam, repositoryEndpoint, type RepositoryCall, type RepositoryEndpoint } from './endpoint.ts';
import { invalid, notFound } from './errors.ts';
import { envelope } from './envelope.ts';
import { hooksOf } from './fire.ts';
import { findConflict, readConfig, readEvents } from './hook-config.ts';
import { pageOf } from './pagination.ts';
import { pushPayload } from './payloads/push.ts';
import { apiUrlOf, isoSeconds } from './shapes.ts';
import type { Hook } from './state.ts';

const HOOK = '/hooks/{hook}';

export const hookEndpoints: readonly RepositoryEndpoint[] = [
  repositoryEndpoint('GET', '/hooks', NEEDS.readHooks, (call) => pageOf(call, hooksOf(call.forge, call.repository), shapeFor(call))),
  repositoryEndpoint('POST', '/hooks', NEEDS.writeHooks, createHook),
  repositoryEndpoint('GET', HOOK, NEEDS.readHooks, (call) => withHook(call, (hook) => ({ status: 200, body: shapeFor(call)(hook) }))),
  repositoryEndpoint('PATCH', HOOK, NEEDS.writeHooks, (call) => withHook(call, (hook) => changeHook(call, hook))),
  repositoryEndpoint('DELETE', HOOK, NEEDS.deleteHooks, (call) => withHook(call, (hook) => removeHook(call, hook))),
  repositoryEndpoint('GET', `${HOOK}/config`, NEEDS.readHooks, (call) =>
    withHook(call, (hook) => ({ status: 200, body: configShape(hook) })),
  ),
  repositoryEndpoint('PATCH', `${HOOK}/config`, NEEDS.writeHooks, (call) => withHook(call, (hook) => changeConfig(call, hook))),
  repositoryEndpoint('POST', `${HOOK}/pings`, NEEDS.readHooks, (call) => withHook(call, (hook) => ping(call, hook))),
  repositoryEndpoint('POST', `${HOOK}/tests`, NEEDS.readHooks, (call) => withHook(call, (hook) => testPush(call, hook))),
];

export async function withHook(call: RepositoryCall, use: (hook: Hook) => Answer | Promise<Answer>): Promise<Answer> {
  const hook = call.forge.github.hooks.get(numberParam(call, 'hook'));
  return hook?.repositoryId === call.repository.id ? use(hook) : notFound();
}

/** Only `web` hooks exist. A ping goes out at once, whether or not anybody answers it. */
function createHook(call: RepositoryCall): Answer {
  const { forge, repository, body } = call;
  if (body['name'] !== undefined && body['name'] !== 'web') return invalid([{ resource: 'Hook', code: 'invalid', field: 'name' }]);
  const config = readConfig(body['config']);
  if (!config.ok) return config.answer;
  const events = readEvents(body['events'] ?? ['push']);
  if (!events.ok) return events.answer;
  const conflict = findConflict(hooksOf(forge, repository), { config: config.value, events: events.value });
  if (conflict !== undefined) return conflict;
  const now = new Date();
  const hook: Hook = {
    id: 500_000 + forge.nextId(),
    repositoryId: repository.id,
    createdAt: now,
    updatedAt: now,
    active: body['active'] !== false,
    events: events.value,
    config: config.value,
    lastResponse: { code: null, status: 'unused', message: null },
  };
  forge.github.hooks.set(hook.id, hook);
  const shape = shapeFor(call)(hook);
  ping(call, hook);
  return { status: 201, headers: { Location: `${apiUrlOf(forge.url, repository)}/hooks/${hook.id}` }, body: shape };
}

/** A `config` replaces the old one as a whole: without a secret in it, the hook has none any more. */
function changeHook(call: RepositoryCall, hook: Hook): Answer {
  const { body, forge, repository } = call;
  const config = body['config'] === undefined ? { ok: true as const, value: hook.config } : readConfig(body['config']);
  if (!config.ok) return config.answer;
  const wanted = body['events'] ?? editEvents(hook.events, body['add_events'], body['remove_events']);
  const events = readEvents(wanted);
  if (!events.ok) return events.answer;
  const others = hooksOf(forge, repository).filter(({ id }) => id !== hook.id);
  const conflict = findConflict(others, { config: config.value, events: events.value });
  if (conflict !== undefined) return conflict;
  Object.assign(hook, { config: config.value, events: events.value, updatedAt: new Date() });
  if (typeof body['active'] === 'boolean') hook.active = body['active'];
  return { status: 200, body: shapeFor(call)(hook) };
}

function editEvents(events: readonly string[], added: unknown, removed: unknown): readonly string[] {
  const without = Array.isArray(removed) ? events.filter((event) => !removed.includes(event)) : events;
  return Array.isArray(added) ? [...without, ...added.map(String)] : without;
}

/** Changes what is named and keeps the rest, the secret too. */
function changeConfig({ body }: RepositoryCall, hook: Hook): Answer {
  const config = readConfig({ ...hook.config, ...body });
  if (!config.ok) return config.answer;
  Object.assign(hook, { config: config.value, updatedAt: new Date() });
  return { status: 200, body: configShape(hook) };
}

function removeHook({ forge }: RepositoryCall, hook: Hook): Answer {
  forge.github.hooks.delete(hook.id);
  return { status: 204 };
}

function ping(call: RepositoryCall, hook: Hook): Answer {
  const { forge, repository, account } = call;
  const payload = { zen: 'Keep it logically awesome.', hook_id: hook.id, hook: shapeFor(call)(hook) };
  deliverEvent(forge, hook, 'ping', { ...payload, ...envelope(forge, { repository, sender: account }, payload) });
  return { status: 204 };
}

/** The latest push of the default branch once more, to hooks that want pushes. */
async function testPush({ forge, repository, account }: RepositoryCall, hook: Hook): Promise<Answer> {
  const ref = `refs/heads/${repository.defaultBranch}`;
  const after = await readRef(repository.dir, ref);
  if (after === undefined || !(hook.events.includes('push') || hook.events.includes('*'))) return { status: 204 };
  const payload = await pushPayload(forge, repository, { ref, before: ZERO, after }, account);
  deliverEvent(forge, hook, 'push', { ...payload, ...envelope(forge, { repository, sender: account }, payload) });
  return { status: 204 };
}

function shapeFor({
  forge,
  repository,
}: {
  readonly forge: Forge;
  readonly repository: Repository;
}): (hook: Hook) => Record<string, unknown> {
  return (hook) => {
    const url = `${apiUrlOf(forge.url, repository)}/hooks/${hook.id}`;
    return {
      type: 'Repository',
      id: hook.id,
      name: 'web',
      active: hook.active,
      events: hook.events,
      config: configShape(hook),
      updated_at: isoSeconds(hook.updatedAt),
      created_at: isoSeconds(hook.createdAt),
      url,
      test_url: `${url}/test`,
      ping_url: `${url}/pings`,
      deliveries_url: `${url}/deliveries`,
      last_response: hook.lastResponse,
    };
  };
}

function configShape({ config }: Hook): Record<string, unknown> {
  const { secret, ...shown } = config;
  return secret === undefined ? shown : { ...shown, secret: '********' };
}
