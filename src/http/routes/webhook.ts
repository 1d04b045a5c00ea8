import { refuse } from '#domain/refusal.ts';
import type { Auth } from '#http/auth.ts';
import type { HttpDeps } from '#http/deps.ts';
import { RefusedError } from '#http/errors.ts';
import { ensureHook, toHook } from '#hooks/hook.ts';
import { configure, rotateHook } from '#hooks/register.ts';
import { findHook } from '#hooks/store.ts';
import { findRepository } from '#repositories/store.ts';
import type { Api } from './shared.ts';
import { idParams, requireFound, requireId } from './shared.ts';

/** A provider that does not answer must not hold the request for longer than its sender waits. */
const PROVIDER_MS = 15_000;
const tags = ['git-repositories'];

export function registerWebhook(api: Api, deps: HttpDeps, auth: Auth): void {
  async function load(organizationId: string, id: string) {
    const repository = requireFound(await findRepository(deps.database, organizationId, requireId(id, 'repository')), 'repository');
    return { id: repository.id, organizationId, provider: repository.provider };
  }

  api.get(
    '/git-repositories/:id/webhook',
    { schema: { tags, params: idParams, summary: "Show the repository's webhook" } },
    async (request) => {
      const actor = auth.allow(request, 'hook:view');
      const repository = await load(actor.organizationId, request.params.id);
      return toHook(deps.links, requireFound(await findHook(deps.database, repository.id), 'webhook'));
    },
  );

  api.post(
    '/git-repositories/:id/webhook',
    { schema: { tags, params: idParams, summary: 'Create or show the webhook; the secret is there once' } },
    async (request) => {
      const actor = auth.allow(request, 'hook:manage');
      const hook = await ensureHook(deps.hooks, await load(actor.organizationId, request.params.id));
      if (hook === undefined) throw noWebhooks();
      if (hook.secret !== undefined) await configure(deps.hooks, hook.row, AbortSignal.timeout(PROVIDER_MS));
      const row = (await findHook(deps.database, hook.row.repository_id)) ?? hook.row;
      return toHook(deps.links, row, hook.secret);
    },
  );

  api.post(
    '/git-repositories/:id/webhook/repair',
    { schema: { tags, params: idParams, summary: 'Bring the webhook at the provider in line' } },
    async (request) => {
      const actor = auth.allow(request, 'hook:manage');
      const hook = await ensureHook(deps.hooks, await load(actor.organizationId, request.params.id));
      if (hook === undefined) throw noWebhooks();
      await configure(deps.hooks, hook.row, AbortSignal.timeout(PROVIDER_MS));
      return toHook(deps.links, (await findHook(deps.database, hook.row.repository_id)) ?? hook.row);
    },
  );

  api.post(
    '/git-repositories/:id/webhook/rotate',
    { schema: { tags, params: idParams, summary: 'Give the webhook a new secret; the old one stays valid for a day' } },
    async (request) => {
      const actor = auth.allow(request, 'hook:manage');
      const repository = await load(actor.organizationId, request.params.id);
      const row = requireFound(await findHook(deps.database, repository.id), 'webhook');
      const rotated = await rotateHook(deps.hooks, row, deps.now(), AbortSignal.timeout(PROVIDER_MS));
      return toHook(deps.links, rotated.row, rotated.secret);
    },
  );
}

function noWebhooks(): RefusedError {
  return new RefusedError(
    refuse('NOT_SUPPORTED', 'The provider of this repository has no webhooks that this version reads. Ask for a sync instead.'),
  );
}
