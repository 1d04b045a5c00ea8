/** What a plain (unquoted) YAML scalar means, where it is not simply its own text. */
export interface PlainReading {
  readonly value: string | number | boolean | null;
  /** Says what it was read as, where YAML 1.2 or a reader's eye would take it for something else. */
  readonly surprise?: string | undefined;
  /** Why the value cannot be stored. */
  readonly unstorable?: string | undefined;
}

/**
 * Reads a plain scalar as the YAML 1.1 that document 002's system speaks: PyYAML's resolver, which keeps `y`, `n` and `00:50:56:00:11:22` as text
 * where the YAML 1.1 types of other libraries do not. Dates stay the text they are written as.
 * `undefined` means: a text, nothing to say.
 */
export function readPlain(text: string): PlainReading | undefined {
  const first = text.charCodeAt(0);
  if (first === PLUS || first === MINUS || first === DOT || (first >= ZERO && first <= NINE))
    return readNumber(text) ?? readDateOrText(text);
  return text.length <= LONGEST_WORD ? WORDS.get(text) : undefined;
}

/** The text of a scalar used as a key: JSON knows only text keys, and Python's JSON writes them so. */
export function toKey(value: string | number | boolean | null): string {
  return typeof value === 'string' ? value : String(value);
}

const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;

const LONGEST_WORD = 5;
const WORDS: ReadonlyMap<string, PlainReading> = new Map([
  ...spellings(['', '~', 'null', 'Null', 'NULL'], { value: null }),
  ...spellings(['true', 'True', 'TRUE'], { value: true }),
  ...spellings(['false', 'False', 'FALSE'], { value: false }),
  ...spellings(['yes', 'Yes', 'YES', 'on', 'On', 'ON'], { value: true, surprise: 'true' }),
  ...spellings(['no', 'No', 'NO', 'off', 'Off', 'OFF'], { value: false, surprise: 'false' }),
]);

function spellings(words: readonly string[], reading: PlainReading): readonly (readonly [string, PlainReading])[] {
  return words.map((word) => [word, reading]);
}

const PLAIN_INTEGER = /^[-+]?(?:0|[1-9][0-9]*)$/;
const DECIMAL = /^[-+]?[1-9][0-9_]*$/;
const OCTAL = /^[-+]?0[0-7_]+$/;
const HEXADECIMAL = /^[-+]?0x[0-9a-fA-F_]+$/;
const BINARY = /^[-+]?0b[01_]+$/;
const BASE_60 = /^[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+$/;
const FLOAT = /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+][0-9]+)?$/;
const BASE_60_FLOAT = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*$/;
const NOT_FINITE = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

function readNumber(text: string): PlainReading | undefined {
  if (PLAIN_INTEGER.test(text)) return integer(Number(text));
  const digits = text.replaceAll('_', '').replace(/^[-+]/, '');
  const sign = text.startsWith('-') ? -1 : 1;
  if (DECIMAL.test(text)) return integer(sign * Number(digits), 'the number');
  if (OCTAL.test(text)) return integer(sign * Number.parseInt(digits, 8), 'the octal number');
  if (HEXADECIMAL.test(text)) return integer(sign * Number.parseInt(digits.slice(2), 16));
  if (BINARY.test(text)) return integer(sign * Number.parseInt(digits.slice(2), 2), 'the binary number');
  if (BASE_60.test(text)) return integer(sign * base60(digits), 'the base 60 number');
  if (FLOAT.test(text)) return float(sign * Number(digits), text.includes('_') ? 'the number' : undefined);
  if (BASE_60_FLOAT.test(text)) return float(sign * base60(digits), 'the base 60 number');
  if (NOT_FINITE.test(text)) return { value: null, unstorable: 'is not a finite number' };
  return undefined;
}

function base60(digits: string): number {
  return digits.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}

function integer(value: number, surprise?: string): PlainReading {
  if (!Number.isSafeInteger(value)) return { value: null, unstorable: 'is an integer beyond 2^53 and would lose digits' };
  return surprise === undefined ? { value } : { value, surprise: `${surprise} ${value}` };
}

function float(value: number, surprise?: string): PlainReading {
  if (!Number.isFinite(value)) return { value: null, unstorable: 'is not a finite number' };
  return surprise === undefined ? { value } : { value, surprise: `${surprise} ${value}` };
}

const DATE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;
const TIME =
  /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?$/;
/** Numbers of YAML 1.2 that YAML 1.1 takes for text. */
const TEXT_IN_11 = /^(?:[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+|0o[0-7]+|[-+]?0[0-9]+)$/;

function readDateOrText(text: string): PlainReading | undefined {
  if (DATE.test(text) || TIME.test(text)) return { value: text, surprise: 'a date, stored as the text' };
  return TEXT_IN_11.test(text) ? { value: text, surprise: 'a text, not a number' } : undefined;
}
