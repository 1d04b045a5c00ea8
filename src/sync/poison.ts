import { Failure } from '#domain/failure.ts';

/** How a run ends that was begun so often that it is not begun again (`isPoisoned`). */
export function poisoned(): Failure {
  return new Failure('POISONED', {
    message: 'The process that did this ended without a word, three times in a row. It is not tried a fourth time.',
  });
}
