import type { Account } from '#test/forge/accounts.ts';
import type { Forge } from '#test/forge/forge.ts';
import type { Answer } from '#test/forge/http/exchange.ts';
import { compilePath, type PathPattern } from '#test/forge/http/route.ts';
import type { Repository } from '#test/forge/repositories.ts';
import type { Caller, Need } from './access.ts';

/** A request to the REST API, with the caller known. `body` is what was sent as JSON. */
export interface Call {
  readonly forge: Forge;
  readonly caller: Caller;
  readonly params: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Of the request, for links to other pages. */
  readonly url: URL;
}

export interface RepositoryCall extends Call {
  readonly repository: Repository;
  /** The account of the caller. Anonymous calls get a ghost, which only reads. */
  readonly account: Account;
}

/** Not of one repository. `scopes` are what the headers say that it accepts. */
export interface OwnEndpoint {
  readonly method: string;
  readonly pattern: PathPattern;
  readonly accepted: string;
  readonly handle: (call: Call) => Answer | Promise<Answer>;
}

/** Below `/repositories/{workspace}/{slug}`. */
export interface RepositoryEndpoint {
  readonly method: string;
  readonly pattern: PathPattern;
  readonly need: Need;
  readonly handle: (call: RepositoryCall) => Answer | Promise<Answer>;
}

export function ownEndpoint(method: string, path: string, accepted: string, handle: OwnEndpoint['handle']): OwnEndpoint {
  return { method, pattern: compilePath(path), accepted, handle };
}

export function repositoryEndpoint(method: string, path: string, need: Need, handle: RepositoryEndpoint['handle']): RepositoryEndpoint {
  return { method, pattern: compilePath(path), need, handle };
}

export function fieldsOf(body: unknown): Readonly<Record<string, unknown>> {
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Readonly<Record<string, unknown>>) : {};
}

export function textOf(body: unknown, name: string): string | undefined {
  const value = fieldsOf(body)[name];
  return typeof value === 'string' ? value : undefined;
}

/** In code points, as the provider counts. */
export function lengthOf(text: string): number {
  return Array.from(text).length;
}
