import type { Answer } from '#test/forge/http/exchange.ts';
import type { Call } from './endpoint.ts';

const DEFAULT_PER_PAGE = 30;
const MAX_PER_PAGE = 100;

/** The asked-for page of a list, with links to the others. Nonsense in `page` or `per_page` counts as the default. */
export function pageOf<T>(call: Pick<Call, 'query' | 'url'>, items: readonly T[], describe: (item: T) => unknown): Answer {
  const perPage = Math.min(positive(call.query.get('per_page')) ?? DEFAULT_PER_PAGE, MAX_PER_PAGE);
  const page = positive(call.query.get('page')) ?? 1;
  const last = Math.max(1, Math.ceil(items.length / perPage));
  const links: string[] = [];
  const link = (rel: string, target: number): void => void links.push(`<${pageUrl(call.url, target)}>; rel="${rel}"`);
  if (page > 1) link('prev', Math.min(page - 1, last));
  if (page < last) link('next', page + 1);
  if (page < last) link('last', last);
  if (page > 1) link('first', 1);
  const body = items.slice((page - 1) * perPage, page * perPage).map(describe);
  return { status: 200, headers: links.length === 0 ? {} : { Link: links.join(', ') }, body };
}

/** The page behind a cursor, where lists grow at their head while they are read. */
export function cursorPageOf<T extends { readonly id: number }>(
  call: Pick<Call, 'query' | 'url'>,
  newestFirst: readonly T[],
  describe: (item: T) => unknown,
): Answer {
  const perPage = Math.min(positive(call.query.get('per_page')) ?? DEFAULT_PER_PAGE, MAX_PER_PAGE);
  const cursor = positive(call.query.get('cursor')?.replace(/^v1_/, '') ?? null);
  const rest = cursor === undefined ? newestFirst : newestFirst.filter((item) => item.id < cursor);
  const shown = rest.slice(0, perPage);
  const next = new URL(call.url);
  next.searchParams.set('cursor', `v1_${shown.at(-1)?.id ?? 0}`);
  const headers: Record<string, string> = rest.length > shown.length ? { Link: `<${next.href}>; rel="next"` } : {};
  return { status: 200, headers, body: shown.map(describe) };
}

function pageUrl(url: URL, page: number): string {
  const target = new URL(url);
  target.searchParams.set('page', String(page));
  return target.href;
}

function positive(text: string | null): number | undefined {
  const number = Number(text);
  return text !== null && Number.isSafeInteger(number) && number > 0 ? number : undefined;
}
