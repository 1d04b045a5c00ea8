import { RequestError } from '@octokit/request-error';
import { Octokit } from '@octokit/rest';
import { Failure } from '#domain/failure.ts';
import type { ForgeConnection, RemoteRef } from '#providers/contract.ts';
import { tellRefusal } from '#providers/tell-refusal.ts';
import type { Doing } from './errors.ts';
import { toGithubFailure } from './errors.ts';

export const GITHUB_URL = 'https://github.com';
export const API_VERSION = '2022-11-28';

/** Base of the REST API of a server that people know by `url`. */
export function apiBaseOf(url: string): string {
  return url === GITHUB_URL ? 'https://api.github.com' : `${url}/api/v3`;
}

/** GitHub's REST API for one token. Nothing is retried in here: retries belong to the queue. */
export interface GithubCalls {
  readonly octokit: Octokit;
  /** Runs a call; whatever goes wrong becomes a Failure that says what could not be done. */
  call<T>(doing: Doing, request: () => Promise<T>): Promise<T>;
}

export function openCalls({ url, secret, fetch, onLimited, onRefused }: ForgeConnection): GithubCalls {
  const octokit = new Octokit({
    auth: secret,
    baseUrl: apiBaseOf(url),
    userAgent: 'tributary',
    request: { fetch, redirect: 'manual' },
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  octokit.hook.before('request', (options) => {
    options.headers['x-github-api-version'] = API_VERSION;
  });
  // Octokit takes a redirect that was not followed for an answer.
  octokit.hook.after('request', (response) => {
    if (response.status >= 300 && response.status < 400)
      throw new Failure('REPO_MOVED', { message: 'The repository was renamed or moved at GitHub.' });
  });
  return {
    octokit,
    async call(doing, request) {
      try {
        return await request();
      } catch (error) {
        if (error instanceof Error && error.name === 'AbortError') throw error;
        const failure = toGithubFailure(error, doing, new Date());
        await tellRefusal({ onLimited, onRefused }, failure);
        throw failure;
      }
    },
  };
}

/** Owner and name of `owner/name`. */
export function splitName({ fullName }: RemoteRef): { readonly owner: string; readonly repo: string } {
  const [owner = '', repo = ''] = fullName.split('/');
  return { owner, repo };
}

export function isNotFound(error: unknown): boolean {
  return error instanceof Failure && error.cause instanceof RequestError && error.cause.status === 404;
}
