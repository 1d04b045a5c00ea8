import type { Registered, World } from '#test/support/world.ts';

/** What was pushed, and when. */
export interface Pushed {
  readonly repository: Registered;
  readonly commit: string;
  readonly atMs: number;
}

/** Seconds from `since` until each repository serves what was pushed to it; one that does not within `limitMs` is a broken promise. */
export async function secondsUntilServed(
  world: World,
  pushes: readonly Pushed[],
  { since, limitMs }: { readonly since: (pushed: Pushed) => number; readonly limitMs: number },
): Promise<{ readonly seconds: readonly number[]; readonly problems: readonly string[] }> {
  const problems: string[] = [];
  const seconds = await Promise.all(
    pushes.map(async (pushed) => {
      const { repository, commit } = pushed;
      await world.api
        .untilServes(repository.id, commit, { withinMs: 2 * limitMs, everyMs: 250 })
        .catch((error: unknown) => problems.push(String(error)));
      const tookMs = performance.now() - since(pushed);
      if (tookMs > limitMs) problems.push(`${repository.name}: ${Math.round(tookMs / 1_000)} s`);
      return tookMs / 1_000;
    }),
  );
  return { seconds, problems };
}

export function longest(seconds: readonly number[]): number {
  return Math.round(Math.max(0, ...seconds));
}
