import { visit } from 'jsonc-parser';
import type { Json } from '#domain/words.ts';
import { excerpt } from './excerpt.ts';
import { isStorableText } from './json-check.ts';
import type { PlacedValue } from './locate.ts';
import type { Finding, Places } from './yaml-build.ts';

interface Frame {
  readonly value: Json[] | Record<string, Json>;
  readonly places: Places;
  key: string | undefined;
  keyOffset: number;
}

/** Reads valid JSON once more, with the place of everything and a finding for everything that cannot be stored. */
export function buildJson(text: string, report: (finding: Finding) => void): PlacedValue {
  const places = new WeakMap<object, Places>();
  const frames: Frame[] = [];
  let root: { value: Json; offset: number } = { value: null, offset: 0 };

  visit(text, {
    onObjectBegin: (offset) => open({}, offset),
    onArrayBegin: (offset) => open([], offset),
    onObjectEnd: () => void frames.pop(),
    onArrayEnd: () => void frames.pop(),
    onObjectProperty: beginPair,
    onLiteralValue: (value: Json, offset, length) => add(checkLiteral(value, offset, length), offset),
  });
  return { ...root, places };

  function open(value: Json[] | Record<string, Json>, offset: number): void {
    const frame = { value, places: { keys: new Map(), items: [] }, key: undefined, keyOffset: offset };
    places.set(value, frame.places);
    add(value, offset);
    frames.push(frame);
  }

  function add(value: Json, offset: number): void {
    const frame = frames.at(-1);
    if (frame === undefined) root = { value, offset };
    else if (Array.isArray(frame.value)) {
      frame.value.push(value);
      frame.places.items.push(offset);
    } else if (frame.key !== undefined) {
      frame.value[frame.key] = value;
      frame.places.keys.set(frame.key, { key: frame.keyOffset, value: offset });
    }
  }

  function beginPair(key: string, offset: number): void {
    const frame = frames.at(-1);
    if (frame === undefined || Array.isArray(frame.value)) return;
    frame.key = undefined;
    frame.keyOffset = offset;
    if (key === '__proto__') report({ code: 'KEY_FORBIDDEN', offset, message: 'The key __proto__ cannot be stored safely.' });
    else if (!isStorableText(key)) reportText(offset);
    else if (Object.hasOwn(frame.value, key))
      report({ code: 'KEY_DUPLICATE', offset, message: `The key ${excerpt(key)} appears twice in this mapping.` });
    else frame.key = key;
  }

  function checkLiteral(value: Json, offset: number, length: number): Json {
    if (typeof value === 'string' && !isStorableText(value)) reportText(offset);
    if (typeof value === 'number') checkNumber(value, text.slice(offset, offset + length), offset);
    return value;
  }

  function checkNumber(value: number, written: string, offset: number): void {
    if (!Number.isFinite(value)) report({ code: 'NUMBER_UNSTORABLE', offset, message: `${excerpt(written)} is too large for a number.` });
    else if (/^-?[0-9]+$/.test(written) && !Number.isSafeInteger(value)) {
      report({ code: 'NUMBER_UNSTORABLE', offset, message: `${excerpt(written)} is an integer beyond 2^53 and would lose digits.` });
    }
  }

  function reportText(offset: number): void {
    report({ code: 'TEXT_UNSTORABLE', offset, message: 'The text holds \\u0000 or half a surrogate pair.' });
  }
}
