import { z } from 'zod';
import type { Check } from '#domain/check.ts';
import type { FoundService } from './discover.ts';

const ANSWER_WITHIN_MS = 20_000;
const answerSchema = z.object({
  results: z.array(z.object({ name: z.string(), state: z.enum(['ok', 'warn', 'fail']), detail: z.string(), help: z.string().nullable() })),
});

/** What a running service finds when it examines its installation; undefined when it does not say. */
export async function askChecks({ url, token }: FoundService): Promise<readonly Check[] | undefined> {
  try {
    const answer = await fetch(`${url.replace(/\/+$/, '')}/api/checks/`, {
      headers: { authorization: `Token ${token}` },
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    return answerSchema.parse(await answer.json()).results;
  } catch {
    return undefined;
  }
}
