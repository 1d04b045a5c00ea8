import type { Event, MappingEvent, ScalarEvent, SequenceEvent } from 'js-yaml';
import { EVENT_ID, SCALAR_STYLE, getScalarValue } from 'js-yaml';
import type { Json } from '#domain/words.ts';
import type { ProblemCode } from '#import/problem-codes.ts';
import { excerpt } from './excerpt.ts';
import { MAX_ALIASES, MAX_COPIED_SIZE, MAX_DEPTH, MAX_VALUES } from './limits.ts';
import { readPlain, toKey } from './yaml-scalars.ts';

/** A problem of a file before it has a line and column. */
export interface Finding {
  readonly code: ProblemCode;
  readonly message: string;
  readonly offset: number;
  readonly help?: string | undefined;
}

/** Ends the reading of a file: what follows would only repeat or multiply the problem. */
export class ReadingStopped extends Error {
  override readonly name = 'ReadingStopped';
  readonly finding: Finding;

  constructor(finding: Finding) {
    super(finding.message);
    this.finding = finding;
  }
}

/** Offsets of the children of one mapping or list. */
export interface Places {
  readonly keys: Map<string, { readonly key: number; readonly value: number }>;
  readonly items: number[];
}

export interface BuildOptions {
  readonly report: (finding: Finding) => void;
  /** Where given, every collection's places are kept here. Costs about as much as the reading itself, so only files with problems and lists pay. */
  readonly places?: WeakMap<object, Places> | undefined;
}

type Scalar = string | number | boolean | null;
type MutableObject = Record<string, Json>;

interface Node {
  readonly value: Json;
  readonly offset: number;
  /** Nesting below and including this value. */
  readonly height: number;
  /** Values and characters, for the bill of aliases. */
  readonly size: number;
}

interface Frame {
  readonly kind: 'document' | 'list' | 'mapping';
  readonly value: Json[] | MutableObject;
  readonly offset: number;
  readonly anchor: string | undefined;
  height: number;
  size: number;
  /** `undefined`: a key comes next; `null`: the key was refused and its value is dropped. */
  key: string | null | undefined;
  keyOffset: number;
  isMerge: boolean;
  /** Keys that came by a merge, which the mapping's own keys may replace. */
  merged: Set<string> | undefined;
}

/**
 * Builds the value of one YAML document from js-yaml's events: the meanings of YAML 1.1 (see readPlain), keys unique, `<<` merged, nothing that JSON
 * or PostgreSQL cannot hold. The events carry offsets, so one parser serves both speed and positions and the two can never disagree.
 * Throws ReadingStopped where a limit is passed; reports everything else and goes on.
 */
// oxlint-disable-next-line max-lines-per-function -- one pass over the events whose helpers share its state
export function buildYaml(
  source: string,
  events: readonly Event[],
  options: BuildOptions,
): { readonly value: Json; readonly offset: number } {
  const anchors = new Map<string, Node | 'open'>();
  const frames: Frame[] = [];
  const counts = { values: 0, aliases: 0, copied: 0 };
  const report = (code: ProblemCode, offset: number, message: string, help?: string): void =>
    options.report({ code, offset, message, help });
  let root: Node = { value: null, offset: 0, height: 0, size: 0 };

  for (const event of events) {
    switch (event.type) {
      case EVENT_ID.DOCUMENT:
        frames.push(newFrame('document', 0, undefined));
        break;
      case EVENT_ID.SCALAR:
        countValue(offsetOf(event));
        addScalar(event);
        break;
      case EVENT_ID.SEQUENCE:
      case EVENT_ID.MAPPING:
        countValue(event.start);
        openCollection(event);
        break;
      case EVENT_ID.ALIAS:
        addAlias(source.slice(event.anchorStart, event.anchorEnd), event.anchorStart - 1);
        break;
      case EVENT_ID.POP:
        closeFrame();
        break;
    }
  }
  return root;

  function countValue(offset: number): void {
    counts.values += 1;
    if (counts.values > MAX_VALUES) stop('FILE_TOO_COMPLEX', offset, `The file holds more than ${MAX_VALUES} values.`);
  }

  function addScalar(event: ScalarEvent): void {
    const text = getScalarValue(source, event);
    const offset = offsetOf(event);
    const isKey = awaitsKey(frames.at(-1));
    if (isKey && event.tagStart === -1 && event.style === SCALAR_STYLE.PLAIN && text === '<<') {
      beginMerge(offset);
      return;
    }
    const value = readScalar(event, text, offset, isKey);
    const node = { value, offset, height: 0, size: 16 + text.length };
    if (event.anchorStart !== -1) anchors.set(source.slice(event.anchorStart, event.anchorEnd), node);
    add(node);
  }

  function readScalar(event: ScalarEvent, text: string, offset: number, isKey: boolean): Scalar {
    if (!event.fast && event.style === SCALAR_STYLE.DOUBLE_QUOTED && (text.includes('\0') || !text.isWellFormed())) {
      report('TEXT_UNSTORABLE', offset, 'The text holds \\0 or half a surrogate pair.');
      return '';
    }
    if (event.tagStart !== -1) return readTagged(source.slice(event.tagStart, event.tagEnd), text, offset);
    if (event.style !== SCALAR_STYLE.PLAIN) return text;
    const reading = readPlain(text);
    if (reading === undefined) return text;
    if (isKey) return readPlainKey(text, reading.value, reading.unstorable !== undefined, offset);
    if (reading.unstorable !== undefined) report('NUMBER_UNSTORABLE', offset, `${excerpt(text)} ${reading.unstorable}.`);
    if (reading.surprise !== undefined) {
      report(
        'YAML_11_VALUE',
        offset,
        `${excerpt(text)} is read as ${reading.surprise} (YAML 1.1).`,
        `Write "${excerpt(text)}" in quotes if text is meant.`,
      );
    }
    return reading.value;
  }

  function readPlainKey(text: string, value: Scalar, unstorable: boolean, offset: number): string {
    const key = unstorable ? text : toKey(value);
    if (key !== text)
      report('YAML_11_VALUE', offset, `The key ${excerpt(text)} is read as ${key} (YAML 1.1).`, `Write "${excerpt(text)}" in quotes.`);
    return key;
  }

  function readTagged(tag: string, text: string, offset: number): Scalar {
    const type = tagType(tag);
    if (type === 'str' || type === 'timestamp') return text;
    const value = readPlain(text)?.value ?? null;
    if (type === 'null' && value === null) return null;
    if (type === 'bool' && typeof value === 'boolean') return value;
    if (type === 'int' && Number.isInteger(value)) return value;
    if (type === 'float' && typeof value === 'number') return value;
    report('YAML_TAG', offset, `${excerpt(text)} cannot be read with the tag ${excerpt(tag)}.`);
    return null;
  }

  function openCollection(event: SequenceEvent | MappingEvent): void {
    const kind = event.type === EVENT_ID.MAPPING ? 'mapping' : 'list';
    if (event.tagStart !== -1) {
      const tag = source.slice(event.tagStart, event.tagEnd);
      const type = tagType(tag);
      if (tag !== '!' && type !== (kind === 'mapping' ? 'map' : 'seq'))
        report('YAML_TAG', event.tagStart, `The tag ${excerpt(tag)} is not supported.`);
    }
    if (frames.length > MAX_DEPTH) stopTooDeep(event.start);
    const anchor = event.anchorStart === -1 ? undefined : source.slice(event.anchorStart, event.anchorEnd);
    if (anchor !== undefined) anchors.set(anchor, 'open');
    frames.push(newFrame(kind, event.start, anchor));
  }

  function addAlias(name: string, offset: number): void {
    counts.aliases += 1;
    if (counts.aliases > MAX_ALIASES) stop('FILE_TOO_COMPLEX', offset, `The file has more than ${MAX_ALIASES} aliases.`);
    const node = anchors.get(name);
    if (node === undefined || node === 'open') {
      const why = node === 'open' ? 'is part of what it refers to' : 'has no anchor before it';
      report('YAML_ALIAS', offset, `The alias *${excerpt(name)} ${why}.`);
      add({ value: null, offset, height: 0, size: 0 });
      return;
    }
    if (frames.length - 1 + node.height > MAX_DEPTH) stopTooDeep(offset);
    chargeCopy(node.size, offset);
    add({ ...node, offset });
  }

  function chargeCopy(size: number, offset: number): void {
    counts.copied += size;
    if (counts.copied > MAX_COPIED_SIZE) stop('FILE_TOO_COMPLEX', offset, 'Aliases repeat so much that the file expands too far.');
  }

  function closeFrame(): void {
    const frame = frames.pop();
    if (frame === undefined || frame.kind === 'document') return;
    const node = { value: frame.value, offset: frame.offset, height: frame.height + 1, size: frame.size + 16 };
    if (frame.anchor !== undefined) anchors.set(frame.anchor, node);
    add(node);
  }

  function add(node: Node): void {
    const frame = frames.at(-1);
    if (frame === undefined) return;
    frame.height = Math.max(frame.height, node.height);
    frame.size += node.size;
    if (frame.kind === 'document') root = node;
    else if (Array.isArray(frame.value)) {
      frame.value.push(node.value);
      if (options.places !== undefined) placesOf(options.places, frame.value).items.push(node.offset);
    } else if (frame.key === undefined) beginPair(frame, node);
    else endPair(frame, frame.value, node);
  }

  function beginMerge(offset: number): void {
    const frame = frames.at(-1);
    if (frame === undefined) return;
    frame.isMerge = true;
    frame.key = '<<';
    frame.keyOffset = offset;
  }

  function beginPair(frame: Frame, node: Node): void {
    frame.keyOffset = node.offset;
    if (node.value !== null && typeof node.value === 'object') {
      report('KEY_FORBIDDEN', node.offset, 'A mapping or list cannot be a key.');
      frame.key = null;
      return;
    }
    const key = toKey(node.value);
    if (key === '__proto__') report('KEY_FORBIDDEN', node.offset, 'The key __proto__ cannot be stored safely.');
    frame.key = key === '__proto__' ? null : key;
  }

  function endPair(frame: Frame, target: MutableObject, node: Node): void {
    const { key, isMerge } = frame;
    frame.key = undefined;
    frame.isMerge = false;
    if (key === null || key === undefined) return;
    if (isMerge) {
      mergeInto(frame, target, node);
      return;
    }
    if (Object.hasOwn(target, key) && frame.merged?.delete(key) !== true) {
      report('KEY_DUPLICATE', frame.keyOffset, `The key ${excerpt(key)} appears twice in this mapping.`);
      return;
    }
    target[key] = node.value;
    if (options.places !== undefined) placesOf(options.places, target).keys.set(key, { key: frame.keyOffset, value: node.offset });
  }

  function mergeInto(frame: Frame, target: MutableObject, node: Node): void {
    const sources = Array.isArray(node.value) ? (node.value as readonly Json[]) : [node.value];
    for (const from of sources) {
      if (!isMapping(from)) {
        report('YAML_MERGE', node.offset, '<< needs a mapping or a list of mappings.');
        return;
      }
      const keys = Object.keys(from);
      // Also for an empty source: 20,000 merges of nothing are work too.
      chargeCopy(1 + keys.length, node.offset);
      for (const key of keys) mergeKey(frame, target, from, key);
    }
  }

  function mergeKey(frame: Frame, target: MutableObject, from: MutableObject, key: string): void {
    if (Object.hasOwn(target, key)) return;
    target[key] = from[key] ?? null;
    (frame.merged ??= new Set()).add(key);
    const place = options.places === undefined ? undefined : placesOf(options.places, from).keys.get(key);
    if (options.places !== undefined && place !== undefined) placesOf(options.places, target).keys.set(key, place);
  }
}

function newFrame(kind: Frame['kind'], offset: number, anchor: string | undefined): Frame {
  const value = kind === 'mapping' ? {} : [];
  return { kind, value, offset, anchor, height: 0, size: 0, key: undefined, keyOffset: offset, isMerge: false, merged: undefined };
}

function awaitsKey(frame: Frame | undefined): boolean {
  return frame?.kind === 'mapping' && frame.key === undefined;
}

function isMapping(value: Json): value is MutableObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function placesOf(places: WeakMap<object, Places>, container: object): Places {
  let found = places.get(container);
  if (found === undefined) {
    found = { keys: new Map(), items: [] };
    places.set(container, found);
  }
  return found;
}

function offsetOf(event: ScalarEvent): number {
  if (event.tagStart !== -1) return event.tagStart;
  const quotes = event.style === SCALAR_STYLE.DOUBLE_QUOTED || event.style === SCALAR_STYLE.SINGLE_QUOTED ? 1 : 0;
  return Math.max(0, event.valueStart - quotes);
}

const CORE_TAGS = new Set(['str', 'int', 'float', 'bool', 'null', 'timestamp', 'map', 'seq']);

function tagType(tag: string): string | undefined {
  if (tag === '!') return 'str';
  const name = /^(?:!!|!<tag:yaml\.org,2002:)([a-z]+)>?$/.exec(tag)?.[1];
  return name !== undefined && CORE_TAGS.has(name) ? name : undefined;
}

function stopTooDeep(offset: number): never {
  stop('FILE_TOO_COMPLEX', offset, `The data is nested more than ${MAX_DEPTH} levels deep.`);
}

function stop(code: ProblemCode, offset: number, message: string): never {
  throw new ReadingStopped({ code, offset, message });
}
