import type { Account } from '#test/forge/accounts.ts';
import { createAppsState, type AppsState } from './apps/state.ts';
import { createRateLimits, type RateLimits } from './rate-limit.ts';

/** What GitHub knows besides accounts, tokens and repositories. */
export interface GithubState {
  readonly hooks: Map<number, Hook>;
  /** In the order they were posted. */
  readonly statuses: CommitStatus[];
  /** Ids of commits that were found once, as `repository:id`. */
  readonly knownCommits: Set<string>;
  readonly pulls: Map<number, Pull>;
  readonly comments: Map<number, Comment>;
  /** In the order they were posted. */
  readonly commitComments: CommitComment[];
  readonly rateLimits: RateLimits;
  readonly apps: AppsState;
}

export interface HookConfig {
  readonly url: string;
  readonly content_type: 'json' | 'form';
  readonly insecure_ssl: '0' | '1';
  readonly secret?: string;
}

export interface Hook {
  readonly id: number;
  readonly repositoryId: number;
  readonly createdAt: Date;
  active: boolean;
  events: readonly string[];
  config: HookConfig;
  updatedAt: Date;
  lastResponse: { readonly code: number | null; readonly status: string; readonly message: string | null };
}

export interface CommitStatus {
  readonly id: number;
  readonly repositoryId: number;
  readonly sha: string;
  readonly state: 'error' | 'failure' | 'pending' | 'success';
  readonly description: string | null;
  readonly target_url: string | null;
  readonly context: string;
  readonly createdAt: Date;
  readonly creator: Account;
}

export interface Pull {
  readonly id: number;
  readonly number: number;
  readonly repositoryId: number;
  readonly user: Account;
  readonly createdAt: Date;
  title: string;
  body: string | null;
  state: 'open' | 'closed';
  draft: boolean;
  mergedAt: Date | null;
  mergeCommit: string | null;
  updatedAt: Date;
  readonly head: { readonly repositoryId: number; readonly label: string; readonly ref: string; sha: string };
  base: { readonly ref: string; readonly sha: string };
}

export interface Comment {
  readonly id: number;
  readonly repositoryId: number;
  readonly number: number;
  readonly user: Account;
  readonly createdAt: Date;
  body: string;
  updatedAt: Date;
}

export interface CommitComment {
  readonly id: number;
  readonly repositoryId: number;
  readonly sha: string;
  readonly user: Account;
  readonly createdAt: Date;
  body: string;
  updatedAt: Date;
}

export function createGithubState(): GithubState {
  return {
    hooks: new Map(),
    statuses: [],
    knownCommits: new Set(),
    pulls: new Map(),
    comments: new Map(),
    commitComments: [],
    rateLimits: createRateLimits(),
    apps: createAppsState(),
  };
}
