import type { Logger } from 'pino';
import { pino } from 'pino';

/** JSON lines on stderr: stdout belongs to what a command was asked for. Headers that carry secrets never get in. */
export function createLogger(level: string): Logger {
  return pino(
    {
      level,
      redact: {
        paths: ['req.headers.authorization', 'req.headers["x-infrahub-key"]', 'headers.authorization', '*.token', '*.secret', '*.password'],
        censor: '(redacted)',
      },
      serializers: { err: serializeError },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}

const MOST_DEPTH = 3;

/** An error with its causes and nothing that libraries hang on it: requests with their headers, queries with their parameters. */
function serializeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { message: typeof error === 'string' ? error : 'not an Error' };
  const code = 'code' in error && (typeof error.code === 'string' || typeof error.code === 'number') ? { code: error.code } : {};
  const cause = error.cause !== undefined && depth < MOST_DEPTH ? { cause: serializeError(error.cause, depth + 1) } : {};
  return { type: error.name, message: error.message, ...code, stack: error.stack, ...cause };
}
