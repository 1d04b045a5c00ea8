import type { Json } from '#domain/words.ts';
import { makeProblem } from '#import/problem-codes.ts';
import type { ReadResult } from './document.ts';
import { createFindings } from './findings.ts';
import { buildJson } from './json-build.ts';
import { checkJson } from './json-check.ts';
import { findSyntaxError, repairJson } from './json-repair.ts';
import { scanJson } from './json-scan.ts';
import { MAX_DEPTH, MAX_VALUES } from './limits.ts';
import { locator } from './locate.ts';
import { createPositions, lineOf } from './positions.ts';
import type { Finding } from './yaml-build.ts';

/**
 * Reads JSON: strict but for a trailing comma, which is a warning. A clean file costs JSON.parse and one pass before and after it; anything else is
 * read again with positions. Never throws for what a file may hold.
 */
export function readJson(path: string, text: string): ReadResult {
  if (text.trim() === '') return { problems: [makeProblem('FILE_EMPTY', 'The file holds no data.', { path, line: 1 })] };
  const { pairs, tooDeepAt } = scanJson(text);
  if (tooDeepAt !== undefined) return refuse(path, text, tooComplex(tooDeepAt, `The data is nested more than ${MAX_DEPTH} levels deep.`));
  const parsed = tryParse(text);
  if (parsed !== undefined) return readValid(path, text, parsed.value, pairs, []);

  const repaired = repairJson(text);
  // Counted again: a quote in a comment hides what follows it from the first count.
  const rescan = scanJson(repaired.text);
  if (rescan.tooDeepAt !== undefined)
    return refuse(path, text, ...repaired.findings, tooComplex(rescan.tooDeepAt, `The data is nested more than ${MAX_DEPTH} levels deep.`));
  const reparsed = tryParse(repaired.text);
  if (reparsed !== undefined) return readValid(path, repaired.text, reparsed.value, rescan.pairs, repaired.findings);
  const syntax = findSyntaxError(repaired.text) ?? { code: 'FILE_INVALID', offset: 0, message: 'Not valid JSON.' };
  return refuse(path, text, ...repaired.findings, syntax);
}

function readValid(path: string, text: string, value: Json, pairs: number, repairs: readonly Finding[]): ReadResult {
  const check = checkJson(value, pairs, text.includes('\\u'));
  if (check.tooManyValues) return refuse(path, text, tooComplex(0, `The file holds more than ${MAX_VALUES} values.`));
  const positionAt = createPositions(text);
  const findings = createFindings();
  repairs.forEach(findings.add);
  if (!check.isClean) buildJson(text, findings.add);
  const problems = findings.toProblems(path, positionAt);
  if (findings.hasError) return { problems };
  const locate = locator(positionAt, () => buildJson(text, () => undefined));
  const document = { value, locate, lineOf: lineOfPath };
  return { document, problems };

  function lineOfPath(at: readonly (string | number)[]): number {
    return at.length === 0 ? lineOf(text, text.length - text.trimStart().length) : locate(at).line;
  }
}

function tryParse(text: string): { readonly value: Json } | undefined {
  try {
    return { value: JSON.parse(text) as Json };
  } catch {
    return undefined;
  }
}

function tooComplex(offset: number, message: string): Finding {
  return { code: 'FILE_TOO_COMPLEX', offset, message };
}

function refuse(path: string, text: string, ...found: readonly Finding[]): ReadResult {
  const findings = createFindings();
  found.forEach(findings.add);
  return { problems: findings.toProblems(path, createPositions(text)) };
}
