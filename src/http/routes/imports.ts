import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { refuseFields } from '#domain/refusal.ts';
import { isCommitId } from '#domain/words.ts';
import { LONGEST_ARRIVAL_MS } from '#http/arrival.ts';
import type { Auth } from '#http/auth.ts';
import type { HttpDeps } from '#http/deps.ts';
import { RefusedError } from '#http/errors.ts';
import { toJobResult } from '#runs/job-result.ts';
import { findJobResult } from '#runs/store.ts';
import { ensureFolderRepository, forgetUnusedFolder } from '#repositories/folder.ts';
import { parsePathPrefix } from '#repositories/path-prefix.ts';
import { requireFound } from './shared.ts';

const flag = z
  .enum(['true', 'false', '1', '0'])
  .optional()
  .transform((text) => text === 'true' || text === '1');

const query = z.object({
  name: z.string().trim().min(1).max(255),
  commit: z.string().refine(isCommitId, 'must be a commit id of 40 hexadecimal digits'),
  path: z
    .string()
    .min(1)
    .max(4_096)
    .regex(/^\P{Cc}+$/u, 'holds a control character'),
  path_prefix: z.string().optional(),
  dirty: flag,
  dry_run: flag,
  force: flag,
});

/** A folder of the sender's machine, as a tar stream. Its own scope, because here a body is a stream. */
export async function registerImports(scope: FastifyInstance, deps: HttpDeps, auth: Auth): Promise<void> {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('application/x-tar', (_request, payload, done) => done(null, payload));

  scope.post(
    '/imports',
    {
      config: { action: 'repository:change', arrivesWithinMs: LONGEST_ARRIVAL_MS },
      schema: { tags: ['imports'], summary: 'Import a folder that is sent as a tar stream', querystring: z.looseObject({}) },
    },
    async (request, reply) => {
      const actor = auth.actorOf(request);
      const asked = readQuery(request.query);
      const aborted = new AbortController();
      request.raw.on('close', () => {
        if (!request.raw.complete) aborted.abort();
      });
      const spool = await deps.spool(asStream(request.body), aborted.signal);
      try {
        const { organizationId, userId } = actor;
        const { repository, registered } = await ensureFolderRepository(deps.database, {
          organizationId,
          userId,
          path: asked.path,
          name: asked.name,
          pathPrefix: asked.pathPrefix,
          temporary: asked.dry_run,
        });
        const started = await deps.startUpload({
          repositoryId: repository.id,
          userId,
          commit: asked.commit,
          force: asked.force,
          dryRun: asked.dry_run,
          spool,
        });
        const temporary = registered && asked.dry_run;
        const ended = temporary ? thenForget(deps, repository.id, started.ended) : started.ended;
        ended.catch((error: unknown) => request.log.error({ err: error }, 'an uploaded import failed'));
        const row = requireFound(await findJobResult(deps.database, organizationId, started.jobResultId), 'job result');
        const warnings = asked.dirty ? ['The work tree has changes that are not committed; what is imported is the commit.'] : [];
        return await reply.code(202).send({
          repository: { id: repository.id, name: repository.name, url: deps.links.repository(repository.id) },
          registered: registered && !temporary,
          temporary,
          job_result: toJobResult(deps.links, row),
          warnings,
        });
      } catch (error) {
        spool.discard();
        throw error;
      }
    },
  );
}

/** A dry run changes nothing, and a repository that nobody has imported would be a change. */
async function thenForget({ database }: Pick<HttpDeps, 'database'>, repositoryId: string, ended: Promise<void>): Promise<void> {
  try {
    await ended;
  } finally {
    await forgetUnusedFolder(database, repositoryId);
  }
}

function readQuery(text: unknown) {
  const parsed = query.safeParse(text);
  const prefix = parsePathPrefix(parsed.data?.path_prefix ?? '');
  const errors =
    parsed.error === undefined ? {} : Object.fromEntries(parsed.error.issues.map((issue) => [issue.path.join('.'), [issue.message]]));
  if (!parsed.success || !prefix.ok)
    throw new RefusedError(refuseFields({ ...errors, ...(prefix.ok ? {} : { path_prefix: [prefix.error] }) }));
  return { ...parsed.data, pathPrefix: prefix.value };
}

function asStream(body: unknown): Readable {
  if (body instanceof Readable) return body;
  throw new RefusedError(refuseFields({ body: ['Send a tar stream as application/x-tar.'] }));
}
