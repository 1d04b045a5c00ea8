import type { z } from 'zod';
import type { EventRepository } from '#domain/event.ts';
import type { projectSchema } from './schema.ts';

/** A project as a payload shows it. */
export function toRepository(project: z.infer<typeof projectSchema>): EventRepository {
  return {
    id: project.id,
    fullName: project.path_with_namespace,
    defaultBranch: project.default_branch ?? undefined,
    cloneUrl: project.git_http_url ?? project.http_url ?? undefined,
  };
}
