import { isFailure } from '#domain/failure.ts';
import type { InsightProblem } from '#domain/insight.ts';
import type { ForgeApi, PostedCheck, StatusApi } from '#providers/contract.ts';

/**
 * Where a result is shown on a commit: as a check run with its findings on the lines they are about, where the credential may make one, else
 * as a status. An account may have granted an App the one and not the other.
 */
export function chooseBoard(
  { checks, statuses }: Pick<ForgeApi, 'checks' | 'statuses'>,
  listProblems: () => Promise<readonly InsightProblem[]>,
): StatusApi | undefined {
  if (checks === undefined) return statuses;
  let over: PostedCheck | undefined;
  return {
    async list(ref, place, context, signal) {
      const posted = await orNothing(checks.list(ref, place, context, signal));
      over = posted[0];
      return posted;
    },
    shown: (status) => checks.shown(status),
    async write(ref, place, status, signal) {
      try {
        const problems = status.state === 'pending' ? [] : await listProblems();
        await checks.write(ref, place, status, { over, problems }, signal);
      } catch (error) {
        if (statuses === undefined || !isFailure(error) || error.code !== 'PERM_MISSING') throw error;
        await statuses.write(ref, place, status, signal);
      }
    },
  };
}

async function orNothing<T>(list: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await list;
  } catch (error) {
    if (isFailure(error) && error.code === 'PERM_MISSING') return [];
    throw error;
  }
}
