import type { CheckUrl } from '#credentials/server-url.ts';
import { findCredential } from '#credentials/store.ts';
import type { Tx } from '#db/database.ts';
import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import { refuseFields } from '#domain/refusal.ts';
import type { Refusal } from '#domain/refusal.ts';
import type { RepositoryInput } from './input.ts';
import { parsePathPrefix } from './path-prefix.ts';
import { overlap } from './provided-contents.ts';
import type { Reach, ReachDeps } from './reach.ts';
import { findReach } from './reach.ts';
import { listNamesakes, listSameRemote } from './store.ts';

export interface CandidateDeps extends ReachDeps {
  /** Checks a remote's address; the answer is canonical. */
  readonly checkUrl: CheckUrl;
  readonly sameRemoteKey: (href: string) => string;
}

/** What a repository would be, as far as it can be in the way of another. */
export interface Candidate {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly remoteKey: string;
  readonly pathPrefix: string;
  readonly provided: readonly string[] | null;
}

/** The remote in canonical form and how it is reached with a credential, given by id or name; the field is what an error is put under. */
export async function checkRemote(
  deps: CandidateDeps,
  tx: Tx,
  organizationId: string,
  url: string,
  credential: { readonly field: 'credential' | 'secrets_group'; readonly value: string | null },
): Promise<Result<{ readonly href: string; readonly reach: Reach }, Refusal>> {
  const remote = deps.checkUrl(url);
  if (!remote.ok) return err(refuseFields({ remote_url: [remote.error.message] }));
  const { field, value } = credential;
  const found = value === null ? undefined : await findCredential(tx, organizationId, isUuid(value) ? { id: value } : { name: value });
  if (value !== null && found === undefined)
    return err(refuseFields({ [field]: [`There is no credential ${JSON.stringify(value)} in this organization.`] }));
  const reach = findReach(deps, remote.value.href, found);
  return reach.ok ? ok({ href: remote.value.href, reach: reach.value }) : err(refuseFields({ [field]: [reach.error] }));
}

/** What else has the name or slug, or takes overlapping contents from the same folder of the same remote. */
export async function findClash(tx: Tx, organizationId: string, candidate: Candidate, href: string): Promise<Refusal | undefined> {
  const [namesake] = await listNamesakes(tx, organizationId, candidate);
  if (namesake !== undefined) {
    const field = namesake.name === candidate.name ? 'name' : 'slug';
    return refuseFields({ [field]: [`Git repository with this ${field} already exists.`] });
  }
  const same = await listSameRemote(tx, organizationId, candidate);
  const other = same.find((repository) => overlap(repository.provided_contents, candidate.provided).length > 0);
  if (other === undefined) return undefined;
  return refuseFields({
    remote_url: [
      `Another Git repository already configured for remote URL ${href} provides contents overlapping with this repository: ${other.name}.`,
    ],
  });
}

/** The columns that are what was sent; name, address and folder depend on more. */
export function columnsOf(input: RepositoryInput) {
  const ref = input.ref ?? input.branch;
  return {
    ...(ref === undefined ? {} : { ref }),
    ...(input.commit === undefined ? {} : { pinned_commit: input.commit }),
    ...(input.provided_contents === undefined
      ? {}
      : { provided_contents: input.provided_contents === null ? null : [...input.provided_contents] }),
    ...(input.update_policy === undefined ? {} : { update_policy: input.update_policy }),
    ...(input.admin_status === undefined ? {} : { admin_status: input.admin_status }),
    ...(input.description === undefined ? {} : { description: input.description }),
    ...(input.tags === undefined ? {} : { tags: JSON.stringify(input.tags) }),
  };
}

export function reachColumns({ provider, providerUrl, credentialId }: Reach) {
  return { provider, provider_url: providerUrl, credential_id: credentialId };
}

export function prefixOf(text: string | undefined): string | undefined {
  const prefix = text === undefined ? undefined : parsePathPrefix(text);
  return prefix?.ok === true ? prefix.value : undefined;
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text);
}
