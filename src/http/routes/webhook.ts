import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { refuse } from '#domain/refusal.ts';
import type { Auth } from '#http/auth.ts';
import type { HttpDeps } from '#http/deps.ts';
import { RefusedError } from '#http/errors.ts';
import { findDoublingApp } from '#hooks/apps/store.ts';
import { ensureHook, revealOnce, toHook } from '#hooks/hook.ts';
import { examine, record } from '#hooks/examine.ts';
import { configure } from '#hooks/register.ts';
import { repairHook } from '#hooks/repair.ts';
import { rotateHook } from '#hooks/rotate.ts';
import { findHook } from '#hooks/store.ts';
import type { HookRow } from '#hooks/store.ts';
import { findRepository } from '#repositories/store.ts';
import type { Api } from './shared.ts';
import { idParams, requireFound, requireId } from './shared.ts';

/** A provider that does not answer must not hold the request for longer than its sender waits. */
const PROVIDER_MS = 15_000;
const tags = ['git-repositories'];
/** Secrets are made here and nowhere else: nobody can set an empty or a short one (SECURITY WH-05). */
const noBody = z.strictObject({}).nullish();
const repairBody = z.strictObject({ dry_run: z.boolean().default(false).describe('Only look, and say what would be changed.') }).nullish();

export function registerWebhook(api: Api, deps: HttpDeps, auth: Auth): void {
  async function load(request: FastifyRequest<{ Params: z.infer<typeof idParams> }>) {
    const { organizationId } = auth.actorOf(request);
    const id = requireId(request.params.id, 'repository');
    const { provider } = requireFound(await findRepository(deps.database, organizationId, id), 'repository');
    return { id, organizationId, provider };
  }

  async function ensure(request: FastifyRequest<{ Params: z.infer<typeof idParams> }>): Promise<HookRow> {
    const hook = await ensureHook(deps.hooks, await load(request));
    if (hook === undefined) throw noWebhooks();
    return hook;
  }

  async function reread(row: HookRow): Promise<HookRow> {
    return (await findHook(deps.database, row.repository_id)) ?? row;
  }

  api.get(
    '/git-repositories/:id/webhook',
    { config: { action: 'hook:view' }, schema: { tags, params: idParams, summary: "Show the repository's webhook" } },
    async (request) => {
      const { id } = await load(request);
      const hook = toHook(deps.hooks, requireFound(await findHook(deps.database, id), 'webhook'));
      const app = await findDoublingApp(deps.database, id);
      return { ...hook, note: app === undefined ? null : noteOf(app) };
    },
  );

  api.post(
    '/git-repositories/:id/webhook',
    {
      config: { action: 'hook:manage' },
      schema: {
        tags,
        params: idParams,
        body: noBody,
        summary: 'Create or show the webhook; its secrets, and what to enter where, are there once',
      },
    },
    async (request) => {
      const row = await ensure(request);
      // Never tried, or tried in vain: it costs one call to say truly how it stands now.
      if (row.status !== 'active') await configure(deps.hooks, row, AbortSignal.timeout(PROVIDER_MS));
      return toHook(deps.hooks, await reread(row), await revealOnce(deps.hooks, row));
    },
  );

  api.post(
    '/git-repositories/:id/webhook/check',
    {
      config: { action: 'hook:manage' },
      schema: { tags, params: idParams, body: noBody, summary: 'Look at the webhook at the provider now, and change nothing there' },
    },
    async (request) => {
      const row = await ensure(request);
      return toHook(deps.hooks, await record(deps.hooks, row, await examine(deps.hooks, row, AbortSignal.timeout(PROVIDER_MS))));
    },
  );

  api.post(
    '/git-repositories/:id/webhook/repair',
    {
      config: { action: 'hook:manage' },
      schema: {
        tags,
        params: idParams,
        body: repairBody,
        summary: 'Bring the webhook at the provider in line, or say what would be changed',
      },
    },
    async (request) => {
      const row = await ensure(request);
      const dryRun = request.body?.dry_run === true;
      const { row: after, changes, failure } = await repairHook(deps.hooks, row, { dryRun, signal: AbortSignal.timeout(PROVIDER_MS) });
      const problem = failure === undefined ? null : { code: failure.code, message: failure.message, help: failure.help };
      return { ...toHook(deps.hooks, after), dry_run: dryRun, changes, failure: problem };
    },
  );

  api.post(
    '/git-repositories/:id/webhook/rotate',
    {
      config: { action: 'hook:manage' },
      schema: { tags, params: idParams, body: noBody, summary: 'Give the webhook a new secret; the old one stays valid for a day' },
    },
    async (request) => {
      const { id } = await ensure(request);
      const rotated = requireFound(await rotateHook(deps.hooks, id, AbortSignal.timeout(PROVIDER_MS)), 'webhook');
      return toHook(deps.hooks, rotated.row, rotated.key);
    },
  );
}

function noteOf(app: string): string {
  return `The GitHub App "${app}" is told of the same pushes: duplicate through App and hook. Nothing is done twice; give the repository the App's credential, or take it out of the installation, to be told once.`;
}

function noWebhooks(): RefusedError {
  return new RefusedError(
    refuse('NOT_SUPPORTED', 'The provider of this repository has no webhooks that this version reads. Ask for a sync instead.'),
  );
}
