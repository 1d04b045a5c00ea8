import { z } from 'zod';
import { Failure, isFailure } from '#domain/failure.ts';
import type { RotatedToken, TokenRotation } from '#domain/token.ts';
import type { ForgeConnection } from '#providers/contract.ts';
import { AnswerError } from './answer-error.ts';
import type { Gitlab, GitlabCalls } from './call.ts';
import { openCalls } from './call.ts';
import { READS_USER } from './token-rules.ts';

const PERMISSION = 'the scope api or self_rotate';
const DOING = { what: 'rotate the token', permission: PERMISSION };
const DAY_MS = 86_400_000;
/** GitLab's own default without one is a week; more than a year it does not allow unless it is told to (PROVIDERS.md 1.2). */
const [UNENDING_DAYS, MOST_DAYS] = [365, 365];

const selfSchema = z.object({
  scopes: z.array(z.string()).default([]),
  granular: z.boolean().default(false),
  created_at: z.string(),
  expires_at: z.string().nullish(),
});
const rotatedSchema = z.object({ token: z.string().regex(/^[\x21-\x7e]{1,4096}$/), expires_at: z.string().nullish() });
const userSchema = z.object({ username: z.string() });

/**
 * GitLab's own rotation, in one call of the kind that the token is of. The old token is dead with it, and a second attempt with the old one
 * would revoke the new one too (PROVIDERS.md 1.2), so whatever happens after `onSending` is not tried again, and what is not certainly a
 * no is unknown. Two calls before it, of which neither changes anything.
 */
export async function rotateToken(connection: ForgeConnection, rotation: TokenRotation, signal: AbortSignal): Promise<RotatedToken> {
  const calls = openCalls(connection);
  const answer: unknown = await calls.call({ what: 'read the token', permission: PERMISSION }, signal, ({ tokens }) => tokens.show());
  const self = selfSchema.safeParse(answer);
  if (!self.success) throw new Failure('PROVIDER_FAILED', { message: 'GitLab answered a token that cannot be read.' });
  const { scopes, granular } = self.data;
  if (!granular && !scopes.some((scope) => scope === 'api' || scope === 'self_rotate'))
    throw new Failure('PERM_MISSING', { message: 'The token may not rotate itself: it lacks the scope self_rotate (or api).' });
  const request = requestOf(await readBot(calls, { scopes, granular }, signal), { expiresAt: endOf(self.data, rotation) });
  await rotation.onSending();
  return send(calls, request, signal);
}

async function send(calls: GitlabCalls, request: (gitlab: Gitlab) => Promise<unknown>, signal: AbortSignal): Promise<RotatedToken> {
  let answer: unknown;
  try {
    answer = await calls.call(DOING, signal, request);
  } catch (error) {
    if (isCertain(error)) throw error;
    throw unknown();
  }
  const rotated = rotatedSchema.safeParse(answer);
  // It was rotated, and its new secret is lost.
  if (!rotated.success) throw unknown();
  const { token, expires_at: end } = rotated.data;
  return { secret: token, expiresAt: end == null ? undefined : new Date(end) };
}

/** A no of GitLab's own, or of our own policy before anything was sent. A proxy that gives up answers 408 or 5xx, whatever came of it behind. */
function isCertain(error: unknown): error is Failure {
  if (!isFailure(error)) return false;
  if (error.code === 'POLICY_DENIED' || error.code === 'TLS_UNTRUSTED') return true;
  const { cause } = error;
  return cause instanceof AnswerError && cause.status >= 300 && cause.status < 500 && cause.status !== 408;
}

/** Without a cause: what was cut off in the middle may hold the new token. */
function unknown(): Failure {
  return new Failure('ROTATION_UNKNOWN', {
    message: 'GitLab was asked to rotate the token, and no answer came that says whether it did.',
  });
}

/** Tokens of projects and groups act as bots, in whose names is what they belong to; one that may not ask is taken for a person's. */
async function readBot(
  calls: GitlabCalls,
  { scopes, granular }: { readonly scopes: readonly string[]; readonly granular: boolean },
  signal: AbortSignal,
): Promise<{ readonly of: 'project' | 'group'; readonly id: number } | undefined> {
  if (!granular && !READS_USER.some((scope) => scopes.includes(scope))) return undefined;
  const answer: unknown = await calls.call({ what: 'read whose token it is', permission: PERMISSION }, signal, ({ users }) =>
    users.showCurrentUser(),
  );
  const [, of, id] = /^(project|group)_(\d+)_bot/.exec(userSchema.safeParse(answer).data?.username ?? '') ?? [];
  return of === 'project' || of === 'group' ? { of, id: Number(id) } : undefined;
}

function requestOf(
  bot: { readonly of: 'project' | 'group'; readonly id: number } | undefined,
  options: { readonly expiresAt: string },
): (gitlab: Gitlab) => Promise<unknown> {
  if (bot === undefined) return ({ tokens }) => tokens.rotate('self', options);
  return bot.of === 'project'
    ? ({ projectTokens }) => projectTokens.rotate(bot.id, 'self', options)
    : ({ groupTokens }) => groupTokens.rotate(bot.id, 'self', options);
}

/** A date, from whose first moment in UTC on the token is dead. */
function endOf({ created_at: from, expires_at: to }: z.infer<typeof selfSchema>, { expiresAt, leastDays }: TokenRotation): string {
  const lasted = to == null ? UNENDING_DAYS : (Date.parse(to) - Date.parse(from.slice(0, 10))) / DAY_MS;
  const days = Math.min(MOST_DAYS, Math.max(1, leastDays, Number.isFinite(lasted) ? lasted : 1));
  return (expiresAt ?? new Date(Date.now() + days * DAY_MS)).toISOString().slice(0, 10);
}
