import type { TokenSource } from '#credentials/token-source.ts';
import { tokenSource } from '#credentials/token-source.ts';
import type { Database } from '#db/database.ts';
import type { Check } from '#domain/check.ts';
import { fail, pass, warn } from '#domain/check.ts';
import { isFailure } from '#domain/failure.ts';
import type { TroubledToken } from '#observe/tokens/store.ts';
import { listTokenSources, listTroubledTokens, readTokenHealth } from '#observe/tokens/store.ts';

/** Reads a secret that the operator keeps elsewhere. Throws Failure SECRET_NOT_FOUND. */
export type ReadOwnSource = (organizationSlug: string, source: TokenSource) => Promise<string>;

const NAME = 'tokens';
const MOST_NAMED = 20;
const REPLACE = 'Create a new token at the provider and replace the stored one: PATCH /api/organizations/…/git-tokens/{id}/.';

/** Git tokens that somebody should look at, one line each, those who are told of them, and where secrets are kept that are not kept here. */
export async function checkTokens(
  database: Pick<Database, 'kysely'>,
  readTokenSource: ReadOwnSource | undefined,
): Promise<readonly Check[]> {
  const { tokens, all } = await listTroubledTokens(database, MOST_NAMED);
  const lines = tokens.map((token) => describe(token));
  const more =
    all > tokens.length ? [warn(NAME, `${all - tokens.length} more tokens need somebody.`, 'npx tributary tokens list names them.')] : [];
  const fine = lines.length === 0 ? [pass(NAME, 'No token ends soon, is refused, or was not verified for long.')] : [];
  const sources = readTokenSource === undefined ? [] : await checkSources(database, readTokenSource);
  return [...lines, ...more, ...fine, ...sources, ...(await checkTargets(database))];
}

function describe({ organization, name, provider, trouble, days, reason }: TroubledToken): Check {
  const token = `${provider} token "${name}" of ${organization}`;
  switch (trouble) {
    case 'rotation-unknown':
      return fail(
        NAME,
        `Nobody knows whether the ${token} was rotated, so it is not used.`,
        'Look at it at the provider: create a new one and replace it, or verify it here when the old one is still active.',
      );
    case 'refused':
      return fail(NAME, `The ${token} is refused by its provider (${reason ?? 'no reason'}): its repositories stand still.`, REPLACE);
    case 'expired':
      return fail(NAME, `The ${token} has ended: its repositories stand still.`, REPLACE);
    case 'expiring':
      return warn(NAME, `The ${token} ends in ${days ?? 0} days.`, REPLACE);
    case 'unreachable':
      return warn(
        NAME,
        `The provider of the ${token} could not be asked about it (${reason ?? 'unreachable'}).`,
        'See the token’s detail; then verify it again.',
      );
    case 'unverified':
      return warn(NAME, `The ${token} was not verified for days.`, 'Verify it: npx tributary tokens verify; if no worker runs, start one.');
  }
}

/** Tried with what this process may read; the content is nobody's to see. */
async function checkSources(database: Pick<Database, 'kysely'>, read: ReadOwnSource): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const { name, organization, token_from: stored } of await listTokenSources(database, MOST_NAMED)) {
    const source = tokenSource.safeParse(stored).data;
    if (source === undefined) continue;
    try {
      await read(organization, source);
    } catch (error) {
      if (!isFailure(error)) throw error;
      checks.push(fail(NAME, `The secret of token "${name}" of ${organization} cannot be read: ${error.message}`, error.help));
    }
  }
  return checks;
}

async function checkTargets(database: Pick<Database, 'kysely'>): Promise<readonly Check[]> {
  const { targets } = await readTokenHealth(database);
  const dead = targets.find(({ state }) => state === 'dead')?.count ?? 0;
  if (dead > 0)
    return [
      warn(
        'notifications',
        `${dead} notification targets could not be reached.`,
        'GET /api/organizations/…/notification-targets/ says why; send a test to try again.',
      ),
    ];
  const all = targets.reduce((sum, { count }) => sum + count, 0);
  return [
    pass(
      'notifications',
      all === 0 ? 'No notification target is set: nobody is told when a token ends.' : `${all} notification targets are told of tokens.`,
    ),
  ];
}
