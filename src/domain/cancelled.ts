import { Failure } from './failure.ts';

/** Somebody wants the run to end, and that came before its own end. */
export class RunCancelled extends Error {
  override readonly name = 'RunCancelled';
  /** Who, as people call them. */
  readonly by: string;

  constructor(by: string) {
    super(`cancelled by ${by}`);
    this.by = by;
  }
}

/** What somebody is called whose user was deleted meanwhile. */
export const FORMER_USER = 'somebody who is no longer a user';

/** How a run ends that a person cancelled. `who`: as people call them. */
export function cancelledBy(who: string): Failure {
  return new Failure('CANCELLED', {
    message: `Cancelled by ${who}.`,
    help: 'Nothing runs again by itself for this. Ask for a sync when the content is wanted after all.',
  });
}
