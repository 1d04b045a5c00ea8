import type { Logger } from 'pino';
import { pino } from 'pino';
import type { Redactor } from '#domain/redact.ts';

/** Where finished lines go. */
export interface LogSink {
  write(line: string): void;
}

export interface LoggerOptions {
  readonly level: string;
  readonly redact: Redactor;
  /** In every line, so that those of several machines can be told apart. */
  readonly processName: string;
  readonly sink?: LogSink;
}

/**
 * JSON lines on stderr: stdout belongs to what a command was asked for. What leaves is the finished line: whichever field, error or
 * binding a secret came by, it is masked there, and nothing that a terminal or a reader could be fooled by is left unescaped.
 */
export function createLogger({ level, redact, processName, sink = toStderr() }: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: { process: processName },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: serializeError },
      redact: { paths: ['*.token', '*.secret', '*.password', '*.authorization', 'headers'], censor: '(redacted)' },
    },
    { write: (line) => sink.write(`${escapeInvisible(redact(line.slice(0, -1)))}\n`) },
  );
}

function toStderr(): LogSink {
  return pino.destination({ dest: 2, sync: true });
}

/**
 * What JSON leaves as it is and a terminal obeys or a reader does not see: DEL and C1, marks and overrides of direction, zero-width
 * characters, line separators, halves of surrogate pairs (SECURITY.md T12, T48). JSON keeps such characters to strings, so an escape is always right.
 */
const INVISIBLE =
  /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

function escapeInvisible(line: string): string {
  return line.replaceAll(INVISIBLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const MOST_DEPTH = 3;

/** An error with its causes and nothing that libraries hang on it: requests with their headers, queries with their parameters. */
function serializeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { message: typeof error === 'string' ? error : 'not an Error' };
  const code = 'code' in error && (typeof error.code === 'string' || typeof error.code === 'number') ? { code: error.code } : {};
  const cause = error.cause !== undefined && depth < MOST_DEPTH ? { cause: serializeError(error.cause, depth + 1) } : {};
  return { type: error.name, message: error.message, ...code, stack: error.stack, ...cause };
}
