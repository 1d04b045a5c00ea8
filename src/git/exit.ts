/** How a call of Git ended. */
export interface GitExit {
  /** 128 and more: ended by signal `code - 128`. */
  readonly code: number;
  readonly ended: 'by-itself' | 'aborted' | 'timed-out' | 'not-started';
  /** The last few KiB, as Git wrote them: not redacted yet. */
  readonly stderr: string;
}

/** A call that did not end well. Callers turn it into a Failure, because only they know whose fault it is. */
export class GitExitError extends Error {
  override readonly name = 'GitExitError';
  readonly exit: GitExit;

  constructor(exit: GitExit) {
    super(`git ended with ${exit.code} (${exit.ended})`);
    this.exit = exit;
  }
}

/** Kept of what a call said. */
export const STDERR_CHARS = 8 * 1024;

/**
 * Keeps the last lines of a text: the fatal one comes last, and a remote can write without end. A line that is cut goes as a whole,
 * since half a secret would not be found by who masks them.
 */
export function keepTail(text: string, more: string): string {
  const both = text + more;
  if (both.length <= STDERR_CHARS) return both;
  const tail = both.slice(-STDERR_CHARS);
  const lineEnd = tail.search(/[\r\n]/);
  return lineEnd === -1 ? '' : tail.slice(lineEnd + 1);
}
