import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { SetupDeps } from '#apps/setup/setup.ts';
import type { GitTokenDeps } from '#credentials/git-tokens.ts';
import type { Database } from '#db/database.ts';
import type { Redactor } from '#domain/redact.ts';
import type { Check } from '#domain/check.ts';
import type { Links } from '#domain/links.ts';
import type { HookDeps } from '#hooks/hook.ts';
import type { TargetDeps } from '#notify/targets/manage.ts';
import type { Authenticate } from '#people/authenticate.ts';
import type { WorkerState } from '#queue/workers.ts';
import type { JobSender } from '#queue/queue.ts';
import type { Rekeyer } from '#rekey/rekey.ts';
import type { RepositoryDeps } from '#repositories/manage.ts';
import type { StartedUpload, Upload } from '#sync/upload.ts';
import type { Spool } from '#sync/spool.ts';
import type { Readable } from 'node:stream';

/** Ready with problems: requests are served, and something that follows from them has to wait. */
export interface Readiness {
  readonly ready: boolean;
  readonly problems: readonly string[];
}

/** Everything that HTTP offers, handed in by the application. */
export interface HttpDeps {
  readonly database: Database;
  readonly queue: JobSender;
  readonly links: Links;
  readonly log: Logger;
  /** Masks secrets in the words of an answer that says no. */
  readonly redact: Redactor;
  readonly version: string;
  readonly authenticate: Authenticate;
  readonly repositories: RepositoryDeps;
  readonly gitTokens: GitTokenDeps;
  readonly apps: SetupDeps;
  readonly hooks: HookDeps;
  readonly notifications: TargetDeps;
  readonly metrics: { readonly contentType: string; readonly render: () => Promise<string> };
  readonly listWorkers: () => Promise<readonly WorkerState[]>;
  readonly rekeyer: Rekeyer;
  readonly examine: () => Promise<readonly Check[]>;
  /** Slug of the organization whose keepers run the installation. */
  readonly operators: string;
  readonly now: () => Date;
  /** Whether the database answers with the schema that this code needs, and the queue can be sent to. */
  readonly checkReady: () => Promise<Readiness>;
  /** Whether any process takes jobs; without one a sync is queued, and the answer says so. */
  readonly hasWorkers: () => Promise<boolean>;
  readonly registerReceive: (scope: FastifyInstance) => Promise<void>;
  readonly spool: (tar: Readable, signal: AbortSignal) => Promise<Spool>;
  readonly startUpload: (upload: Upload) => Promise<StartedUpload>;
}
