import { z } from 'zod';
import type { Auth } from '#http/auth.ts';
import type { HttpDeps } from '#http/deps.ts';
import { isCursor } from '#rekey/batch.ts';
import { requireOperator } from './operator.ts';
import type { Api } from './shared.ts';

const tags = ['installation'];
const rekeyBody = z
  .object({
    dry_run: z.boolean().default(false).describe('Try it and write nothing.'),
    after: z
      .string()
      .refine(isCursor, { error: 'Must be `next` of the answer before.' })
      .nullable()
      .default(null)
      .describe('`next` of the answer before; null begins.'),
  })
  .strict();

/** Which keys the stored secrets of the whole installation stand under, and bringing them under the first one. */
export function registerSecrets(api: Api, deps: HttpDeps, auth: Auth): void {
  api.get(
    '/secret-keys',
    {
      config: { action: 'installation:view' },
      schema: { tags, summary: 'List the keys of TRIBUTARY_SECRET_KEYS by id, and how many secrets stand under each' },
    },
    async (request) => {
      requireOperator(deps, auth, request);
      const results = await deps.rekeyer.keys();
      return { count: results.length, next: null, previous: null, results };
    },
  );

  api.post(
    '/secret-keys/rekey',
    {
      config: { action: 'installation:rekey' },
      schema: { tags, body: rekeyBody, summary: 'Seal the next secrets anew under the first key; repeat with `next` until it is null' },
    },
    async (request) => {
      requireOperator(deps, auth, request);
      const { dry_run: dryRun, after } = request.body;
      return deps.rekeyer.batch({ after: after ?? undefined, dryRun });
    },
  );
}
