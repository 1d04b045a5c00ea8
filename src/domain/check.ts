/** One thing about an installation that was looked at: the machine by `tributary doctor`, the rest also by a running service. */
export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  /** What to do; null where nothing is to be done. */
  readonly help: string | null;
}

export function pass(name: string, detail: string): Check {
  return { name, state: 'ok', detail, help: null };
}

export function warn(name: string, detail: string, help: string): Check {
  return { name, state: 'warn', detail, help };
}

export function fail(name: string, detail: string, help: string): Check {
  return { name, state: 'fail', detail, help };
}

/** A check that itself breaks is a failed check: the others must still be seen. */
export async function guarded(name: string, check: () => Promise<readonly Check[]>): Promise<readonly Check[]> {
  try {
    return await check();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [fail(name, `Could not be checked: ${reason}`, 'Mend what the message names.')];
  }
}
