import { Failure } from './failure.ts';
import type { Redactor } from './redact.ts';

/** The same failure with no secret in the words that users see. Its cause is for the log, which masks by itself. */
export function redactFailure(failure: Failure, redact: Redactor): Failure {
  return new Failure(failure.code, {
    message: redact(failure.message),
    help: redact(failure.help),
    retryAfterMs: failure.retryAfterMs,
    cause: failure.cause,
  });
}
