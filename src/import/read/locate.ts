import type { Json } from '#domain/words.ts';
import type { Document } from './document.ts';
import type { Position } from './positions.ts';
import type { Places } from './yaml-build.ts';

/** A value with the places of all its collections. */
export interface PlacedValue {
  readonly value: Json;
  readonly offset: number;
  readonly places: WeakMap<object, Places>;
}

/** Answers where things are written. The second, position-keeping reading is made when the first question comes. */
export function locator(positionAt: (offset: number) => Position, readAgain: () => PlacedValue): Document['locate'] {
  let placed: PlacedValue | undefined;
  return (path, part = 'value') => {
    placed ??= readAgain();
    let { value, offset } = placed;
    for (const step of path) {
      if (value === null || typeof value !== 'object') break;
      const place = findPlace(placed.places.get(value), step);
      if (place === undefined) break;
      offset = part === 'key' ? place.key : place.value;
      value = Array.isArray(value) ? value[Number(step)] : ((value as { readonly [key: string]: Json })[step] ?? null);
    }
    return positionAt(offset);
  };
}

/** A number is an index in a list and a key in a mapping: a pointer cannot tell `vlans/10` from `ports/10`. */
function findPlace(places: Places | undefined, step: string | number): { readonly key: number; readonly value: number } | undefined {
  const offset = typeof step === 'number' ? places?.items[step] : undefined;
  return offset === undefined ? places?.keys.get(String(step)) : { key: offset, value: offset };
}
