import { RE2JS } from 're2js';
import { excerpt } from '#import/read/excerpt.ts';

/** A pattern that takes time in proportion to its text, whoever wrote it (SECURITY T15: one bad pattern held a peer's whole service). */
export interface LinearPattern {
  test(text: string): boolean;
  /** ajv keeps one compiled pattern per text form: without its own, two patterns would share one and bad data would pass (toolchain note j). */
  toString(): string;
}

/** Throws RE2JS's syntax error for what it cannot do; `patternProblem` says it in words first. */
export function linearPattern(source: string): LinearPattern {
  const compiled = RE2JS.compile(RE2JS.translateRegExp(source));
  return { test: (text) => compiled.matcher(text).find(), toString: () => `/${source}/u` };
}

/** Why a pattern cannot be used; undefined when it can. */
export function patternProblem(source: string): string | undefined {
  try {
    linearPattern(source);
    return undefined;
  } catch (error) {
    if (/\(\?<?[=!]/.test(source)) return `The pattern ${excerpt(source)} looks ahead or behind, which is not supported.`;
    if (/\\[1-9]/.test(source)) return `The pattern ${excerpt(source)} refers back to a group, which is not supported.`;
    return `The pattern ${excerpt(source)} is not valid: ${error instanceof Error ? excerpt(error.message, 120) : 'it cannot be read'}.`;
  }
}
