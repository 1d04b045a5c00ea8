import type { Account } from '#test/forge/accounts.ts';
import type { Forge } from '#test/forge/forge.ts';
import type { Answer } from '#test/forge/http/exchange.ts';
import { compilePath, type PathPattern } from '#test/forge/http/route.ts';
import type { Repository } from '#test/forge/repositories.ts';
import type { Caller, Need } from './access.ts';

/** A request to the REST API, with the caller known and the body parsed. */
export interface Call {
  readonly forge: Forge;
  readonly caller: Caller;
  readonly query: URLSearchParams;
  readonly params: Readonly<Record<string, string>>;
  /** The JSON object of the body; empty when there was none. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Of the request, for links to other pages. */
  readonly url: URL;
}

export interface RepositoryCall extends Call {
  readonly repository: Repository;
  /** The account of the caller. Anonymous calls get a ghost, which only reads. */
  readonly account: Account;
}

export interface Endpoint {
  readonly method: string;
  readonly pattern: PathPattern;
  /** Scopes that the answer names as accepted. */
  readonly accepted: readonly string[];
  /** Answers callers without a token too. */
  readonly open: boolean;
  readonly handle: (call: Call) => Answer | Promise<Answer>;
}

/** Below `/repos/{owner}/{repo}` and `/repositories/{id}`. */
export interface RepositoryEndpoint {
  readonly method: string;
  readonly pattern: PathPattern;
  readonly need: Need;
  readonly handle: (call: RepositoryCall) => Answer | Promise<Answer>;
}

export function repositoryEndpoint(method: string, path: string, need: Need, handle: RepositoryEndpoint['handle']): RepositoryEndpoint {
  return { method, pattern: compilePath(path), need, handle };
}

export function numberParam(call: Call, name: string): number {
  return Number(call.params[name] ?? Number.NaN);
}
