import type { Account } from '#test/forge/accounts.ts';
import { createSettings, type Settings } from './settings.ts';
import { createStatusLocks, type StatusLocks } from './status-locks.ts';
import { createGitlabTokens, type GitlabTokens } from './tokens.ts';

/** What GitLab knows besides accounts and repositories. */
export interface GitlabState {
  readonly settings: Settings;
  readonly tokens: GitlabTokens;
  readonly hooks: Map<number, Hook>;
  readonly pipelines: Pipeline[];
  /** In the order they were made. */
  readonly statuses: CommitStatus[];
  readonly statusLocks: StatusLocks;
  /** Locks that a test holds, by the number it knows them by. */
  readonly heldLocks: Map<number, () => void>;
  readonly mergeRequests: Map<number, MergeRequest>;
  readonly notes: Map<number, Note>;
  /** In the order they were made. */
  readonly commitNotes: CommitNote[];
}

export interface Hook extends HookSettings {
  readonly id: number;
  readonly uuid: string;
  readonly projectId: number;
  readonly createdAt: Date;
  health: HookHealth;
}

export interface HookSettings {
  url: string;
  name: string | null;
  description: string | null;
  token: string | undefined;
  signingToken: string | undefined;
  /** By the name that the API has for them: `push_events`. */
  events: Readonly<Record<string, boolean>>;
  branchFilter: string | null;
  branchFilterStrategy: 'wildcard' | 'regex' | 'all_branches';
  verifySsl: boolean;
  customHeaders: readonly { readonly key: string; readonly value: string }[];
}

export interface HookHealth {
  /** Without a success between them. */
  readonly failures: number;
  readonly disabledUntil: Date | null;
}

export interface Pipeline {
  readonly id: number;
  readonly projectId: number;
  readonly sha: string;
  readonly ref: string;
}

export type JobStatus = 'created' | 'pending' | 'running' | 'success' | 'failed' | 'canceled' | 'skipped';

export interface CommitStatus {
  readonly id: number;
  readonly projectId: number;
  readonly pipelineId: number;
  readonly sha: string;
  readonly ref: string;
  readonly name: string;
  readonly author: Account;
  readonly createdAt: Date;
  status: JobStatus;
  description: string | null;
  targetUrl: string | null;
  coverage: number | null;
  startedAt: Date | null;
  finishedAt: Date | null;
  /** A newer job of that name stands for it. */
  retried: boolean;
}

export interface MergeRequest {
  readonly id: number;
  readonly iid: number;
  /** The project that it wants to change. */
  readonly projectId: number;
  readonly author: Account;
  readonly createdAt: Date;
  readonly sourceProjectId: number;
  readonly sourceBranch: string;
  title: string;
  description: string | null;
  state: 'opened' | 'closed' | 'merged';
  draft: boolean;
  targetBranch: string;
  head: string;
  mergeCommit: string | null;
  updatedAt: Date;
}

export interface CommitNote {
  readonly id: number;
  readonly discussionId: string;
  readonly projectId: number;
  readonly sha: string;
  readonly author: Account;
  readonly createdAt: Date;
  body: string;
  updatedAt: Date;
}

export interface Note {
  readonly id: number;
  readonly discussionId: string;
  readonly mergeRequestId: number;
  readonly author: Account;
  readonly createdAt: Date;
  body: string;
  updatedAt: Date;
}

export function createGitlabState(nextId: () => number): GitlabState {
  return {
    settings: createSettings(),
    tokens: createGitlabTokens(nextId),
    hooks: new Map(),
    pipelines: [],
    statuses: [],
    statusLocks: createStatusLocks(),
    heldLocks: new Map(),
    mergeRequests: new Map(),
    notes: new Map(),
    commitNotes: [],
  };
}
