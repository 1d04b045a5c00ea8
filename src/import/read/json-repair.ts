import type { ParseErrorCode } from 'jsonc-parser';
import { createScanner, printParseErrorCode, visit } from 'jsonc-parser';
import type { Finding } from './yaml-build.ts';
import { ReadingStopped } from './yaml-build.ts';

export interface RepairedJson {
  /** Same length as the original, so that offsets stay true. */
  readonly text: string;
  readonly findings: readonly Finding[];
}

/** Finds trailing commas and comments in what JSON.parse refused, and blanks them out, so that what is left can be judged on its own. */
export function repairJson(text: string): RepairedJson {
  const findings: Finding[] = [];
  const blanks: Blank[] = [];
  let comma: number | undefined;
  let previous = '';
  const scanner = createScanner(text, false);
  // Not until the token is empty: behind a comment that nothing closes, the scanner's end has a length, for ever.
  for (scanner.scan(); scanner.getTokenOffset() < text.length; scanner.scan()) {
    const offset = scanner.getTokenOffset();
    const first = text.charAt(offset);
    if (first === '/') {
      findings.push({ code: 'JSON_COMMENT', offset, message: 'JSON has no comments.' });
      blanks.push({ offset, length: scanner.getTokenLength() });
    } else if (first.trim() !== '') {
      if ((first === '}' || first === ']') && comma !== undefined) {
        findings.push({ code: 'JSON_TRAILING_COMMA', offset: comma, message: `A comma before ${first} is not JSON; it is ignored.` });
        blanks.push({ offset: comma, length: 1 });
      }
      // After an opening bracket or another comma it is a missing value, not a trailing comma.
      comma = first === ',' && previous !== '' && !'[{,:'.includes(previous) ? offset : undefined;
      previous = first;
    }
  }
  return { text: blankOut(text, blanks), findings };
}

interface Blank {
  readonly offset: number;
  readonly length: number;
}

/** In the order of the text: a comment between a comma and its bracket is met before the comma is known to be trailing. */
function blankOut(text: string, blanks: readonly Blank[]): string {
  const pieces: string[] = [];
  let copied = 0;
  for (const { offset, length } of blanks.toSorted((a, b) => a.offset - b.offset)) {
    // Line breaks inside a comment stay, or every later line would be counted wrong.
    pieces.push(text.slice(copied, offset), text.slice(offset, offset + length).replaceAll(/[^\n]/g, ' '));
    copied = offset + length;
  }
  return pieces.join('') + text.slice(copied);
}

/**
 * The first syntax error; what follows it is mostly its echo. Reading ends there: only up to it is the nesting known to be within the limit, and the
 * parser is recursive.
 */
export function findSyntaxError(text: string): Finding | undefined {
  try {
    visit(text, { onError: stopReading }, { disallowComments: true, allowTrailingComma: false });
    return undefined;
  } catch (error) {
    if (error instanceof ReadingStopped) return error.finding;
    throw error;
  }
}

function stopReading(code: ParseErrorCode, offset: number): never {
  throw new ReadingStopped({ code: 'FILE_INVALID', offset, message: `Not valid JSON: ${describe(code)}.` });
}

const MEANINGS: Readonly<Record<string, string>> = {
  InvalidSymbol: 'this is neither a text in double quotes, a number, true, false nor null',
  InvalidNumberFormat: 'a number is malformed',
  PropertyNameExpected: 'a key in double quotes is expected',
  ValueExpected: 'a value is expected',
  ColonExpected: 'a colon is expected',
  CommaExpected: 'a comma is expected',
  CloseBraceExpected: 'a closing } is expected',
  CloseBracketExpected: 'a closing ] is expected',
  EndOfFileExpected: 'the data ended before this, but more follows',
  UnexpectedEndOfNumber: 'a number is not complete',
  UnexpectedEndOfString: 'a text is not closed on its line',
  InvalidUnicode: 'a \\u escape needs four hexadecimal digits',
  InvalidEscapeCharacter: 'an escape is not one that JSON has',
  InvalidCharacter: 'a control character is not allowed in a text',
};

function describe(code: ParseErrorCode): string {
  return MEANINGS[printParseErrorCode(code)] ?? 'something else is expected here';
}
