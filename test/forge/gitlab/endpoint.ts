import type { Account } from '#test/forge/accounts.ts';
import type { Forge } from '#test/forge/forge.ts';
import type { Answer } from '#test/forge/http/exchange.ts';
import { compilePath, type PathPattern } from '#test/forge/http/route.ts';
import type { Repository } from '#test/forge/repositories.ts';
import type { Caller, Need } from './access.ts';
import type { GitlabToken } from './tokens.ts';

/** A request to the REST API, with the caller known. */
export interface Call {
  readonly forge: Forge;
  readonly caller: Caller;
  readonly params: Readonly<Record<string, string>>;
  /** Of the query and of the body, which wins. */
  readonly input: Readonly<Record<string, unknown>>;
  /** Of the request, for links to other pages. */
  readonly url: URL;
}

export interface OwnCall extends Call {
  readonly caller: GitlabToken;
  readonly account: Account;
}

export interface ProjectCall extends Call {
  readonly project: Repository;
  /** The account of the caller. Anonymous calls get a ghost, which only reads. */
  readonly account: Account;
}

/** Of the caller's own. */
export interface OwnEndpoint {
  readonly method: string;
  readonly pattern: PathPattern;
  readonly scopes: readonly string[] | 'any';
  readonly handle: (call: OwnCall) => Answer | Promise<Answer>;
}

/** Below `/projects/{id}`. */
export interface ProjectEndpoint {
  readonly method: string;
  readonly pattern: PathPattern;
  readonly need: Need;
  /** What the framework says of the parameters before anything is looked for. */
  readonly check: ((input: Call['input']) => Answer | undefined) | undefined;
  readonly handle: (call: ProjectCall) => Answer | Promise<Answer>;
}

export function projectEndpoint(
  method: string,
  path: string,
  need: Need,
  handle: ProjectEndpoint['handle'],
  check?: ProjectEndpoint['check'],
): ProjectEndpoint {
  return { method, pattern: compilePath(path), need, check, handle };
}

export function numberParam(call: Call, name: string): number {
  const text = call.params[name] ?? '';
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}
