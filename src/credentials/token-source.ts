import { z } from 'zod';
import type { Database } from '#db/database.ts';
import { refuseFields } from '#domain/refusal.ts';
import type { Refusal } from '#domain/refusal.ts';
import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import { isFailure } from '#domain/failure.ts';
import { findOrganizationSlug } from './store.ts';
import type { Vault } from './vault.ts';

/** Where the operator keeps a secret outside of the database: an environment variable, or a file of the organization's folder. */
export type TokenSource = { readonly env: string } | { readonly file: string };

/** The same, or an App's installation, whose tokens are minted as they are needed. No interface takes that from anybody. */
export type StoredSource = TokenSource | { readonly installation: string };

/** Reads it now. Throws Failure SECRET_NOT_FOUND when it is not allowed, not there, empty, too long or no token; never with its content. */
export type ReadTokenSource = (organizationSlug: string, source: StoredSource, use?: TokenUse) => Promise<string>;

/** What a token is read for. */
export interface TokenUse {
  /** The provider's id of the repository. */
  readonly repositoryRemoteId: string | undefined;
}

export interface TokenSourceDeps {
  readonly database: Pick<Database, 'kysely'>;
  readonly vault: Pick<Vault, 'open'>;
  readonly readTokenSource: ReadTokenSource;
}

const installationSource = z.strictObject({ installation: z.uuid() });

export const tokenSource = z.union([z.strictObject({ env: z.string().max(255) }), z.strictObject({ file: z.string().max(255) })]);

/** No secret begins with it: tokens are printable characters. So what is sealed is the one or the other, and cannot be taken for it. */
const MARK = '\0';

/** What is sealed in the place of a secret that is kept elsewhere: bound to row and organization as a secret is. */
export function toSealable(source: StoredSource): string {
  return MARK + JSON.stringify(source);
}

/** The secret of a stored credential, read from where it is kept. Throws Failure: SECRET_UNREADABLE, SECRET_NOT_FOUND. */
export async function openToken(
  deps: TokenSourceDeps,
  row: { readonly id: string; readonly organization_id: string; readonly sealed_secret: Uint8Array },
  use?: TokenUse,
): Promise<string> {
  const place = { table: 'credentials', field: 'secret', rowId: row.id, organizationId: row.organization_id } as const;
  const opened = deps.vault.open(row.sealed_secret, place);
  if (!opened.startsWith(MARK)) return opened;
  const source = z.union([tokenSource, installationSource]).parse(JSON.parse(opened.slice(MARK.length)));
  return readFor(deps, row.organization_id, source, use);
}

/** Where the secret of a row is kept when not here, as it is sealed. Throws Failure SECRET_UNREADABLE. */
export function sourceOf(
  vault: Pick<Vault, 'open'>,
  row: { readonly id: string; readonly organization_id: string; readonly sealed_secret: Uint8Array },
): TokenSource | undefined {
  const place = { table: 'credentials', field: 'secret', rowId: row.id, organizationId: row.organization_id } as const;
  const opened = vault.open(row.sealed_secret, place);
  return opened.startsWith(MARK) ? tokenSource.parse(JSON.parse(opened.slice(MARK.length))) : undefined;
}

/** A token as it is sent: itself, or where it is kept. */
export interface SentToken {
  readonly token?: string | undefined;
  readonly token_from?: TokenSource | undefined;
}

export interface TakenToken {
  readonly secret: string;
  /** What is to be sealed. */
  readonly sealable: string;
  readonly source: TokenSource | undefined;
}

/** The token that was sent, read at once where it is kept elsewhere; undefined where none was. */
export async function takeToken(
  deps: Omit<TokenSourceDeps, 'vault'>,
  organizationId: string,
  { token, token_from: source }: SentToken,
): Promise<Result<TakenToken | undefined, Refusal>> {
  if (token !== undefined && source !== undefined)
    return err(refuseFields({ token_from: ['Cannot go with token: send the secret, or where it is kept.'] }));
  if (source === undefined) return ok(token === undefined ? undefined : { secret: token, sealable: token, source });
  try {
    return ok({ secret: await readFor(deps, organizationId, source), sealable: toSealable(source), source });
  } catch (error) {
    if (!isFailure(error) || error.code !== 'SECRET_NOT_FOUND') throw error;
    return err(refuseFields({ token_from: [`${error.message} ${error.help}`] }));
  }
}

export const TOKEN_NEEDED = 'Is required, or token_from with the place where it is kept.';

/** The same, where one has to be sent. */
export async function requireToken(
  deps: Omit<TokenSourceDeps, 'vault'>,
  organizationId: string,
  sent: SentToken,
): Promise<Result<TakenToken, Refusal>> {
  const taken = await takeToken(deps, organizationId, sent);
  if (!taken.ok) return taken;
  return taken.value === undefined ? err(refuseFields({ token: [TOKEN_NEEDED] })) : ok(taken.value);
}

async function readFor(
  { database, readTokenSource }: Omit<TokenSourceDeps, 'vault'>,
  organizationId: string,
  source: StoredSource,
  use?: TokenUse,
): Promise<string> {
  return readTokenSource(await findOrganizationSlug(database, organizationId), source, use);
}
