import { z } from 'zod';
import { Failure } from '#domain/failure.ts';
import type { Found } from './contract.ts';

/** A list of 1,000 is enough to choose from, and a server whose pages never end is not followed. */
const MOST_PAGES = 10;
export const PER_PAGE = 100;

/** Everything on the first pages of a list, which ends with a page that is not full. `who` is the provider's name. */
export async function readNumberedPages<T>(
  who: string,
  toItem: (value: unknown) => T,
  read: (page: number) => Promise<unknown>,
): Promise<Found<T>> {
  const items: T[] = [];
  for (let page = 1; page <= MOST_PAGES; page++) {
    const values = z.array(z.unknown()).safeParse(await read(page));
    if (!values.success) throw new Failure('PROVIDER_FAILED', { message: `${who} answered something that is no list.` });
    items.push(...values.data.map(toItem));
    if (values.data.length < PER_PAGE) return { items, isWhole: true };
  }
  return { items, isWhole: false };
}
