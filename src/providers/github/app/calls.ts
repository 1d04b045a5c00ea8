import { createAppAuth } from '@octokit/auth-app';
import { RequestError } from '@octokit/request-error';
import { Octokit } from '@octokit/rest';
import { Failure } from '#domain/failure.ts';
import type { AppConnection } from '#providers/app-contract.ts';
import { API_VERSION, apiBaseOf } from '#providers/github/call.ts';
import { toGithubFailure } from '#providers/github/errors.ts';

/** GitHub's REST API for an App as itself, for one of its installations, or for nobody. */
export interface AppCalls {
  readonly octokit: Octokit;
  /** Runs a call; whatever goes wrong becomes a Failure that says what could not be done. */
  call<T>(what: string, request: () => Promise<T>): Promise<T>;
}

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** By a JSON web token that the App's key signs, good for minutes. Octokit makes it, and corrects a clock of ours that is wrong. */
export function openAppCalls({ url, appId, privateKey, fetch }: AppConnection): AppCalls {
  return toCalls(new Octokit({ authStrategy: createAppAuth, auth: { appId, privateKey, log: SILENT }, ...optionsFor(url, fetch) }));
}

/** By the token of an installation; without one, as anybody. */
export function openCallsWith({ url, fetch }: Pick<AppConnection, 'url' | 'fetch'>, token: string | undefined): AppCalls {
  return toCalls(new Octokit({ ...(token === undefined ? {} : { auth: token }), ...optionsFor(url, fetch) }));
}

function optionsFor(url: string, fetch: AppConnection['fetch']) {
  return { baseUrl: apiBaseOf(url), userAgent: 'tributary', request: { fetch, redirect: 'manual' as const }, log: SILENT };
}

function toCalls(octokit: Octokit): AppCalls {
  octokit.hook.before('request', (options) => {
    options.headers['x-github-api-version'] = API_VERSION;
  });
  octokit.hook.after('request', ({ status }) => {
    if (status >= 300 && status < 400) throw new Failure('PROVIDER_FAILED', { message: `GitHub answered ${status} where nothing moves.` });
  });
  return {
    octokit,
    async call(what, request) {
      try {
        return await request();
      } catch (error) {
        if (error instanceof Error && error.name === 'AbortError') throw error;
        throw toAppFailure(error, what);
      }
    },
  };
}

/** An App is refused for other reasons than a token is. */
function toAppFailure(error: unknown, what: string): Failure {
  if (isStatus(error, 401)) {
    return new Failure('AUTH_FAILED', {
      message: `Cannot ${what}: GitHub refuses the key of the App.`,
      help: 'Generate a new private key on the page of the App at GitHub, and see that the App is still there.',
      cause: error,
    });
  }
  return toGithubFailure(error, { what }, new Date());
}

export function isStatus(error: unknown, status: number): boolean {
  const cause = error instanceof Failure ? error.cause : error;
  return cause instanceof RequestError && cause.status === status;
}
