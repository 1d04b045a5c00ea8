import type { FastifyRequest } from 'fastify';
import type { FieldType, Filter } from '#domain/filter.ts';
import { readFilters } from '#domain/filter.ts';
import type { Links } from '#domain/links.ts';
import { refuseFields } from '#domain/refusal.ts';
import { RefusedError } from './errors.ts';

export interface ListQuery {
  readonly limit: number;
  readonly offset: number;
  readonly q: string | undefined;
  readonly filters: readonly Filter[];
}

const DEFAULT_LIMIT = 50;
const MOST_LIMIT = 1_000;
/** Parameters that are no filters: paging, search, and what Nautobot's clients add for its own sake. */
const RESERVED = ['limit', 'offset', 'q', 'api_version', 'depth', 'format', 'include', 'exclude_m2m'];

/** Reads paging, search and filters of a list; whatever is none of them, nor one of `others`, is refused by name. */
export function readListQuery(
  request: FastifyRequest,
  fields: Readonly<Record<string, FieldType>>,
  others: readonly string[] = [],
): ListQuery {
  const query = toLists(request.query);
  const isFilter = (name: string): boolean => !RESERVED.includes(name) && !others.includes(name);
  const filters = readFilters(Object.fromEntries(Object.entries(query).filter(([name]) => isFilter(name))), fields);
  if (!filters.ok) throw new RefusedError(refuseFields(filters.error));
  return {
    limit: Math.min(wholeNumber('limit', query['limit']?.[0], DEFAULT_LIMIT) || MOST_LIMIT, MOST_LIMIT),
    offset: wholeNumber('offset', query['offset']?.[0], 0),
    q: query['q']?.[0],
    filters: filters.value,
  };
}

/** One parameter, as often as it was given. */
export function readParameter(request: FastifyRequest, name: string): string | undefined {
  return toLists(request.query)[name]?.[0];
}

export function readFlag(request: FastifyRequest, name: string): boolean {
  return ['true', '1'].includes((readParameter(request, name) ?? '').toLowerCase());
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route stands under `/api/extras` too, which is how answers name it. */
    readonly isAlias?: boolean;
  }
}

/** The envelope of every list, with the addresses of the pages beside this one. */
export function toPage(links: Links, request: FastifyRequest, { limit, offset }: ListQuery, count: number, results: readonly unknown[]) {
  const at = (start: number): string => {
    const path = request.routeOptions.config.isAlias === true ? request.url.replace(/^\/api\//, '/api/extras/') : request.url;
    const url = new URL(path, links.root);
    url.searchParams.set('limit', String(limit));
    url.searchParams.set('offset', String(start));
    return `${links.root}${url.pathname.replace(/\/*$/, '/')}${url.search}`;
  };
  return {
    count,
    next: offset + limit < count ? at(offset + limit) : null,
    previous: offset > 0 ? at(Math.max(0, offset - limit)) : null,
    results,
  };
}

function wholeNumber(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined || text === '') return fallback;
  if (!/^\d{1,9}$/.test(text)) throw new RefusedError(refuseFields({ [name]: ['A valid whole number, zero or more, is required.'] }));
  return Number(text);
}

function toLists(query: unknown): Readonly<Record<string, readonly string[]>> {
  if (typeof query !== 'object' || query === null) return {};
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => [name, Array.isArray(value) ? value.map(String) : [String(value)]]),
  );
}
