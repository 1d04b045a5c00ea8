import type { Event } from 'js-yaml';
import { EVENT_ID, YAMLException, parseEvents } from 'js-yaml';
import { makeProblem } from '#import/problem-codes.ts';
import { excerpt } from './excerpt.ts';
import { createFindings } from './findings.ts';
import { MAX_DEPTH } from './limits.ts';
import { locator } from './locate.ts';
import { createPositions, lineOf } from './positions.ts';
import type { Document, ReadResult } from './document.ts';
import type { Places } from './yaml-build.ts';
import { ReadingStopped, buildYaml } from './yaml-build.ts';

/** Reads one YAML document with the meanings of YAML 1.1. Never throws for what a file may hold. */
export function readYaml(path: string, text: string): ReadResult {
  const positionAt = createPositions(text);
  try {
    // Its levels count the scalar inside the deepest collection too.
    const events = parseEvents(text, { maxDepth: MAX_DEPTH + 2 });
    return readEvents(path, text, events, positionAt);
  } catch (error) {
    if (error instanceof ReadingStopped) {
      const { code, message, offset } = error.finding;
      return { problems: [makeProblem(code, message, { path, ...positionAt(offset) })] };
    }
    if (!(error instanceof YAMLException)) throw error;
    const place = error.mark === undefined ? { line: 1 } : positionAt(Math.min(error.mark.position, text.length));
    // One level too many is found by buildYaml, more already by the parser; both say the same.
    const problem = error.reason.startsWith('nesting exceeded maxDepth')
      ? makeProblem('FILE_TOO_COMPLEX', `The data is nested more than ${MAX_DEPTH} levels deep.`, { path, ...place })
      : makeProblem('FILE_INVALID', `Not valid YAML: ${excerpt(error.reason, 200)}.`, { path, ...place });
    return { problems: [problem] };
  }
}

function readEvents(path: string, text: string, events: readonly Event[], positionAt: ReturnType<typeof createPositions>): ReadResult {
  const shape = checkDocuments(path, text, events, positionAt);
  if (shape !== undefined) return { problems: [shape] };
  const findings = createFindings();
  const { value, offset } = buildYaml(text, events, { report: findings.add });
  const problems = findings.toProblems(path, positionAt);
  if (findings.hasError) return { problems };
  const locate = locator(positionAt, () => {
    const places = new WeakMap<object, Places>();
    return { ...buildYaml(text, events, { report: () => undefined, places }), places };
  });
  const document: Document = {
    value,
    locate,
    lineOf: (at) => (at.length === 0 ? lineOf(text, offset) : locate(at).line),
  };
  return { document, problems };
}

function checkDocuments(
  path: string,
  text: string,
  events: readonly Event[],
  positionAt: ReturnType<typeof createPositions>,
): ReturnType<typeof makeProblem> | undefined {
  const starts = events.flatMap((event, index) => (event.type === EVENT_ID.DOCUMENT ? [index] : []));
  const [first, second] = starts;
  if (second !== undefined) {
    return makeProblem('FILE_SEVERAL_DOCUMENTS', 'The file holds more than one YAML document.', {
      path,
      ...positionAt(secondDocument(text, events, second)),
    });
  }
  const head = first === undefined ? undefined : events[first];
  if (head?.type === EVENT_ID.DOCUMENT && head.directives.some((directive) => directive.kind === 'tag')) {
    return makeProblem('YAML_TAG', '%TAG directives are not supported.', { path, ...positionAt(Math.max(0, text.search(/^%TAG/m))) });
  }
  const content = first === undefined ? undefined : events[first + 1];
  const isEmpty = content === undefined || (content.type === EVENT_ID.SCALAR && content.valueStart === -1 && content.tagStart === -1);
  return isEmpty ? makeProblem('FILE_EMPTY', 'The file holds no data.', { path, line: 1 }) : undefined;
}

/** Where the second document starts: its `---`, which no event tells, or its first value where `...` alone parted them. */
function secondDocument(text: string, events: readonly Event[], second: number): number {
  const [first] = events;
  const hasMarker = first?.type === EVENT_ID.DOCUMENT && first.explicitStart;
  const lastScalar = events.slice(0, second).findLast((event) => event.type === EVENT_ID.SCALAR);
  const after = Math.max(lastScalar?.valueEnd ?? 0, hasMarker ? markerAfter(text, 0) + MARKER_LENGTH : 0);
  const head = events[second];
  return head?.type === EVENT_ID.DOCUMENT && head.explicitStart ? markerAfter(text, after) : firstValue(events.slice(second), after);
}

const MARKER_LENGTH = 3;

function markerAfter(text: string, from: number): number {
  const marker = /^---(?=\s|$)/gm;
  marker.lastIndex = from;
  return marker.exec(text)?.index ?? from;
}

function firstValue(events: readonly Event[], otherwise: number): number {
  for (const event of events) {
    if (event.type === EVENT_ID.SCALAR && event.valueStart !== -1) return event.valueStart;
    if (event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE) return event.start;
  }
  return otherwise;
}
