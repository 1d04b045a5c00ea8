import { z } from 'zod';
import { Failure } from '#domain/failure.ts';
import type { BitbucketCalls, BitbucketRequest } from './call.ts';
import type { Doing } from './errors.ts';

const PAGE_LENGTH = '100';
/** A server whose pages never end is not followed. */
const MOST_PAGES = 10;

const pageSchema = z.object({ values: z.array(z.unknown()), next: z.string().optional() });

/**
 * Everything on the pages of a list, of which there are at most `mostPages`; `isMore` says that there were more. Values are checked by
 * whoever asked. Of the link to the next page only its query is taken: where to ask is not for an answer to say (PROVIDERS.md 4).
 */
export async function readPages(
  calls: BitbucketCalls,
  doing: Doing,
  request: BitbucketRequest,
  signal: AbortSignal,
  mostPages: number = MOST_PAGES,
): Promise<{ readonly values: readonly unknown[]; readonly isMore: boolean }> {
  const values: unknown[] = [];
  let query: Readonly<Record<string, string>> | undefined = { pagelen: PAGE_LENGTH, ...request.query };
  for (let page = 1; page <= mostPages && query !== undefined; page++) {
    const { json } = await calls.call(doing, { ...request, query }, signal);
    const read = pageSchema.safeParse(json);
    if (!read.success) throw new Failure('PROVIDER_FAILED', { message: `Cannot ${doing.what}: Bitbucket answered no list.` });
    values.push(...read.data.values);
    query = nextQuery(`${calls.base}${request.path}`, read.data.next);
  }
  return { values, isMore: query !== undefined };
}

function nextQuery(address: string, next: string | undefined): Readonly<Record<string, string>> | undefined {
  const url = next === undefined ? null : URL.parse(next);
  return url !== null && `${url.origin}${url.pathname}` === address ? Object.fromEntries(url.searchParams) : undefined;
}
