import type { Links } from '#domain/links.ts';
import { naturalSlug } from '#domain/slug.ts';

interface SystemJob {
  /** The same everywhere and for ever, so that clients may keep it. */
  readonly id: string;
  readonly name: string;
  readonly className: string;
  readonly description: string;
}

const SYNC: SystemJob = {
  id: '5b0cbd2e-6d0f-5c52-9a0e-2b4c1f3a7d01',
  name: 'Git Repository: Sync',
  className: 'GitRepositorySync',
  description: 'Brings a repository to what its remote says now.',
};
const DRY_RUN: SystemJob = {
  id: '5b0cbd2e-6d0f-5c52-9a0e-2b4c1f3a7d02',
  name: 'Git Repository: Dry-Run',
  className: 'GitRepositoryDryRun',
  description: 'Says what a sync of a repository would change, and changes nothing.',
};

/** The job that a run is one of, as runs name it. */
export function jobModelOf(links: Links, run: { readonly dry_run: boolean }) {
  const { id } = run.dry_run ? DRY_RUN : SYNC;
  return { id, object_type: 'extras.job', url: links.job(id) };
}

/** A job that comes with the service, by id; its keys as document 002 prints a job's. */
export function findSystemJob(links: Links, id: string): Readonly<Record<string, unknown>> | undefined {
  const job = [SYNC, DRY_RUN].find((candidate) => candidate.id === id);
  if (job === undefined) return undefined;
  return {
    id: job.id,
    object_type: 'extras.job',
    display: job.name,
    url: links.job(job.id),
    natural_slug: naturalSlug(`tributary.system ${job.className}`, job.id),
    task_queues: [],
    task_queues_override: false,
    module_name: 'tributary.system',
    job_class_name: job.className,
    grouping: 'System Jobs',
    name: job.name,
    description: job.description,
    installed: true,
    enabled: true,
    is_job_hook_receiver: false,
    is_job_button_receiver: false,
    has_sensitive_variables: false,
  };
}
