import type { Json } from '#domain/words.ts';
import { MAX_VALUES } from './limits.ts';

export interface JsonCheck {
  /** Everything can be stored as it is. */
  readonly isClean: boolean;
  readonly tooManyValues: boolean;
}

/** Says quickly whether a parsed value needs the closer look that has positions. */
export function checkJson(value: Json, pairs: number, mayEscape: boolean): JsonCheck {
  const counts = { keys: 0, values: 0, isClean: true };
  visit(value);
  return { isClean: counts.isClean && counts.keys === pairs, tooManyValues: counts.values > MAX_VALUES };

  function visit(node: Json): void {
    counts.values += 1;
    if (typeof node === 'number') counts.isClean &&= isStorableNumber(node);
    else if (typeof node === 'string') counts.isClean &&= !mayEscape || isStorableText(node);
    else if (Array.isArray(node)) for (const item of node as readonly Json[]) visit(item);
    else if (node !== null && typeof node === 'object') visitMapping(node as { readonly [key: string]: Json });
  }

  function visitMapping(node: { readonly [key: string]: Json }): void {
    for (const key of Object.keys(node)) {
      counts.keys += 1;
      counts.isClean &&= key !== '__proto__' && (!mayEscape || isStorableText(key));
      const child = node[key];
      if (child !== undefined) visit(child);
    }
  }
}

export function isStorableText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

/** False for what is not finite, and for integers whose last digits a double cannot hold. 1e300 is a float and loses nothing it claims. */
function isStorableNumber(value: number): boolean {
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
}
