import type { Answer } from '#test/forge/http/exchange.ts';
import type { Call } from './endpoint.ts';
import { parameterError } from './errors.ts';
import { wholeOf } from './input.ts';

const DEFAULT_PER_PAGE = 20;
const MAX_PER_PAGE = 100;
/** Longer lists do not say how long they are. */
const MAX_COUNTED = 10_000;

/** The asked-for page of a list, with the links and the numbers that GitLab gives. */
export function pageOf<T>(call: Pick<Call, 'input' | 'url'>, items: readonly T[], describe: (item: T) => unknown): Answer {
  const page = wholeOf(call.input, 'page') ?? 1;
  const asked = wholeOf(call.input, 'per_page') ?? DEFAULT_PER_PAGE;
  if (Number.isNaN(page)) return parameterError('page is invalid');
  if (Number.isNaN(asked)) return parameterError('per_page is invalid');
  if (page < 1) return parameterError('page does not have a valid value');
  if (asked < 1) return parameterError('per_page does not have a valid value');
  const perPage = Math.min(asked, MAX_PER_PAGE);
  const last = Math.max(1, Math.ceil(items.length / perPage));
  const counted = items.length <= MAX_COUNTED;
  const [next, previous] = [page < last ? page + 1 : undefined, page > 1 ? page - 1 : undefined];
  const links = Object.entries({ prev: previous, next, first: 1, last: counted ? last : undefined });
  const headers = {
    Link: links
      .flatMap(([rel, target]) => (target === undefined ? [] : [`<${pageUrl(call.url, { page: target, perPage })}>; rel="${rel}"`]))
      .join(', '),
    'X-Page': String(page),
    'X-Per-Page': String(perPage),
    'X-Next-Page': String(next ?? ''),
    'X-Prev-Page': String(previous ?? ''),
    ...(counted ? { 'X-Total': String(items.length), 'X-Total-Pages': String(last) } : {}),
  };
  return { status: 200, headers, body: items.slice((page - 1) * perPage, page * perPage).map(describe) };
}

/** The page behind the last id: no numbers, and a link as long as there is more. */
export function keysetPageOf<T extends { readonly id: number }>(
  call: Pick<Call, 'input' | 'url'>,
  items: readonly T[],
  describe: (item: T) => unknown,
): Answer {
  const perPage = Math.min(wholeOf(call.input, 'per_page') ?? DEFAULT_PER_PAGE, MAX_PER_PAGE);
  const ascending = call.input['sort'] === 'asc';
  const after = wholeOf(call.input, ascending ? 'id_after' : 'id_before');
  const sorted = items.toSorted((one, other) => (ascending ? one.id - other.id : other.id - one.id));
  const rest = sorted.filter(({ id }) => after === undefined || (ascending ? id > after : id < after));
  const shown = rest.slice(0, perPage);
  const next = new URL(call.url);
  next.searchParams.set(ascending ? 'id_after' : 'id_before', String(shown.at(-1)?.id ?? 0));
  const headers: Record<string, string> = rest.length > shown.length ? { Link: `<${next.href}>; rel="next"` } : {};
  return { status: 200, headers, body: shown.map(describe) };
}

function pageUrl(url: URL, { page, perPage }: { readonly page: number; readonly perPage: number }): string {
  const target = new URL(url);
  target.searchParams.set('page', String(page));
  target.searchParams.set('per_page', String(perPage));
  return target.href;
}
