import { z } from 'zod';
import { cancelRotation, confirmRotation, submitRotation } from '#credentials/rotation/guided.ts';
import { readRotation, startRotation } from '#credentials/rotation/manage.ts';
import { tokenSource } from '#credentials/token-source.ts';
import type { Auth } from '#http/auth.ts';
import type { HttpDeps } from '#http/deps.ts';
import type { Api } from './shared.ts';
import { requireId, unwrap } from './shared.ts';

const tags = ['git-tokens'];
const params = z.object({ org: z.string(), id: z.string() });
const config = { action: 'git-token:manage' } as const;
const PATH = '/organizations/:org/git-tokens/:id/rotate';
const WHAT = 'Git token';

const wish = z
  .strictObject({
    guided: z.boolean().optional().describe('Replace it step by step, also where its provider would.'),
    expires_at: z.string().optional().describe('When the new token is to end, where the provider makes it.'),
  })
  .nullish();
const submission = z.strictObject({
  token: z.string().optional(),
  token_from: tokenSource.optional(),
  expires_at: z.string().nullish(),
  accept_losses: z.boolean().optional().describe('Take it although it may less than the old one.'),
});

/** Replacing a token: by its provider in one call, or by a person in three steps with old and new both usable in between. */
export function registerTokenRotation(api: Api, deps: HttpDeps, auth: Auth): void {
  api.post(
    PATH,
    { config, schema: { tags, params, body: wish, summary: 'Rotate a Git token, or begin to where a person has to' } },
    async (request) => {
      const rotation = { ...deps.gitTokens, log: deps.log };
      return unwrap(await startRotation(rotation, auth.actorOf(request), requireId(request.params.id, WHAT), request.body ?? {}));
    },
  );
  api.get(
    PATH,
    { config: { action: 'git-token:view' }, schema: { tags, params, summary: 'Read how far the rotation of a Git token is' } },
    async (request) => unwrap(await readRotation(deps.gitTokens, auth.actorOf(request), requireId(request.params.id, WHAT))),
  );
  api.delete(
    PATH,
    { config, schema: { tags, params, summary: 'Give a rotation by hand up, and put the old secret back' } },
    async (request) => unwrap(await cancelRotation(deps.gitTokens, auth.actorOf(request), requireId(request.params.id, WHAT))),
  );
  api.post(
    `${PATH}/submit`,
    { config, schema: { tags, params, body: submission, summary: 'Send the new secret of a rotation by hand' } },
    async (request) =>
      unwrap(await submitRotation(deps.gitTokens, auth.actorOf(request), requireId(request.params.id, WHAT), request.body)),
  );
  api.post(
    `${PATH}/confirm`,
    { config, schema: { tags, params, summary: 'End a rotation by hand, and forget the old secret' } },
    async (request) => unwrap(await confirmRotation(deps.gitTokens, auth.actorOf(request), requireId(request.params.id, WHAT))),
  );
}
