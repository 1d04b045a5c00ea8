import type { Answer } from '#test/forge/http/exchange.ts';
import type { Call } from './endpoint.ts';
import { refusal } from './errors.ts';

const DEFAULT_LENGTH = 10;
const MAX_LENGTH = 100;

/** A page in its envelope. `next` is not there on the last one, `previous` not on the first (PROVIDERS.md 4). */
export function pageOf<T>(
  { url }: Pick<Call, 'url'>,
  items: readonly T[],
  describe: (item: T) => unknown,
  maxLength: number = MAX_LENGTH,
): Answer {
  const [page, length] = [Number(url.searchParams.get('page') ?? 1), Number(url.searchParams.get('pagelen') ?? DEFAULT_LENGTH)];
  if (!Number.isInteger(page) || page < 1) return refusal(400, 'Invalid page');
  if (!Number.isInteger(length) || length < 1 || length > maxLength) return refusal(400, 'Invalid pagelen');
  const last = Math.max(1, Math.ceil(items.length / length));
  const body = {
    values: items.slice((page - 1) * length, page * length).map(describe),
    pagelen: length,
    size: items.length,
    page,
    ...(page < last ? { next: pageUrl(url, page + 1) } : {}),
    ...(page > 1 ? { previous: pageUrl(url, page - 1) } : {}),
  };
  return { status: 200, body };
}

function pageUrl(url: URL, page: number): string {
  const target = new URL(url);
  target.searchParams.set('page', String(page));
  return target.href;
}
