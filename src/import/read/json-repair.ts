import type { ParseErrorCode } from 'jsonc-parser';
import { createScanner, printParseErrorCode, visit } from 'jsonc-parser';
import type { Finding } from './yaml-build.ts';

export interface RepairedJson {
  /** Same length as the original, so that offsets stay true. */
  readonly text: string;
  readonly findings: readonly Finding[];
}

/** Finds trailing commas and comments in what JSON.parse refused, and blanks them out, so that what is left can be judged on its own. */
export function repairJson(text: string): RepairedJson {
  const findings: Finding[] = [];
  const pieces: string[] = [];
  let copied = 0;
  let comma: number | undefined;
  let previous = '';
  const scanner = createScanner(text, false);
  for (scanner.scan(); scanner.getTokenLength() > 0; scanner.scan()) {
    const offset = scanner.getTokenOffset();
    const first = text.charAt(offset);
    if (first === '/') {
      findings.push({ code: 'JSON_COMMENT', offset, message: 'JSON has no comments.' });
      blank(offset, scanner.getTokenLength());
    } else if (first.trim() !== '') {
      if ((first === '}' || first === ']') && comma !== undefined) {
        findings.push({ code: 'JSON_TRAILING_COMMA', offset: comma, message: `A comma before ${first} is not JSON; it is ignored.` });
        blank(comma, 1);
      }
      // After an opening bracket or another comma it is a missing value, not a trailing comma.
      comma = first === ',' && previous !== '' && !'[{,:'.includes(previous) ? offset : undefined;
      previous = first;
    }
  }
  return { text: pieces.join('') + text.slice(copied), findings };

  function blank(offset: number, length: number): void {
    // A comment between the comma and its bracket was blanked before the comma is known to be trailing: never step back.
    if (offset >= copied) {
      pieces.push(text.slice(copied, offset), ' '.repeat(length));
      copied = offset + length;
      return;
    }
    const whole = pieces.join('');
    pieces.length = 0;
    pieces.push(whole.slice(0, offset), ' '.repeat(length), whole.slice(offset + length));
  }
}

/** The first syntax error; what follows it is mostly its echo. */
export function findSyntaxError(text: string): Finding | undefined {
  let first: Finding | undefined;
  visit(
    text,
    {
      onError: (code, offset) => {
        first ??= { code: 'FILE_INVALID', offset, message: `Not valid JSON: ${describe(code)}.` };
      },
    },
    { disallowComments: true, allowTrailingComma: false },
  );
  return first;
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
