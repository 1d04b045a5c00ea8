import type { FieldErrors } from '#domain/refusal.ts';
import type { NetworkInput, ShownNetwork } from '#credentials/network/settings.ts';
import { showNetwork, warnOfNetwork } from '#credentials/network/settings.ts';
import type { NetworkRow } from '#credentials/network/store.ts';
import type { CredentialRow } from '#credentials/store.ts';
import type { TokenSource } from '#credentials/token-source.ts';
import { tokenSource } from '#credentials/token-source.ts';

/** A user name and password for any Git server, as sent. In a change, what is absent stays. */
export interface PasswordInput {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly token_from?: TokenSource | undefined;
  /** The server that it is for; of the first repository that uses it unless said. */
  readonly url?: string | undefined;
  readonly network?: NetworkInput | null | undefined;
}

/** The same as every interface shows it: all but the secret. */
export interface PasswordCredential {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly kind: 'password';
  readonly username: string | null;
  /** null: no repository uses it yet, and it is sent nowhere. */
  readonly url: string | null;
  /** Tells this secret from another without telling anything of it; null where it is kept elsewhere. */
  readonly fingerprint: string | null;
  /** Of a long secret, its last four characters. */
  readonly last4: string | null;
  readonly state: CredentialRow['state'];
  readonly reason: string | null;
  readonly detail: string | null;
  readonly verified_at: string | null;
  readonly last_used_at: string | null;
  readonly repositories_count: number;
  readonly token_from: TokenSource | null;
  readonly network: ShownNetwork;
  readonly created_at: string;
  readonly updated_at: string;
  /** Absent when there is nothing to say. */
  readonly warnings?: readonly string[];
}

export function toPassword(row: CredentialRow, network: NetworkRow | undefined, told: readonly string[] = []): PasswordCredential {
  const warnings = [...told, ...warnOfNetwork(network)];
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    kind: 'password',
    username: row.username,
    url: row.url,
    fingerprint: row.fingerprint,
    last4: row.last4,
    state: row.state,
    reason: row.reason,
    detail: row.state_detail,
    verified_at: row.verified_at?.toISOString() ?? null,
    last_used_at: row.last_used_at?.toISOString() ?? null,
    repositories_count: row.repositories_count,
    token_from: tokenSource.safeParse(row.token_from).data ?? null,
    network: showNetwork(network),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

const MOST_CHARACTERS = 255;
const MOST_PASSWORD = 4_096;
const CONTROL = /\p{Cc}/u;

/** What is wrong with the fields by themselves; an empty object when nothing is. Values are never said back: they may be secrets. */
export function checkPassword({ name, username, password, description }: PasswordInput): FieldErrors {
  const text = name?.trim();
  const problems = {
    name:
      text !== undefined && (text === '' || text.length > MOST_CHARACTERS || CONTROL.test(text))
        ? `Must have 1 to ${MOST_CHARACTERS} characters and no control characters.`
        : undefined,
    // A colon would end it (RFC 7617 2), a line break begin another attribute of Git's helper (SECURITY.md T26).
    username:
      username !== undefined && (username === '' || username.length > MOST_CHARACTERS || CONTROL.test(username) || username.includes(':'))
        ? 'Must not be empty, nor hold colons or control characters.'
        : undefined,
    password:
      password !== undefined && (password === '' || password.length > MOST_PASSWORD || CONTROL.test(password))
        ? `Must have 1 to ${MOST_PASSWORD} characters, and no line breaks or other control characters.`
        : undefined,
    description: description !== undefined && /\0/.test(description) ? 'Holds a control character.' : undefined,
  };
  return Object.fromEntries(Object.entries(problems).flatMap(([field, problem]) => (problem === undefined ? [] : [[field, [problem]]])));
}
