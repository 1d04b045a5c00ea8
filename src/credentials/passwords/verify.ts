import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import { notFound, refuseFields } from '#domain/refusal.ts';
import type { Refusal } from '#domain/refusal.ts';
import type { Capabilities } from '#domain/token.ts';
import { everyCapability } from '#domain/token.ts';
import { recordExamination } from '#credentials/checks/store.ts';
import { examine } from '#credentials/examine.ts';
import type { GitTokenDeps, Owner } from '#credentials/git-tokens.ts';
import type { Examination } from '#credentials/knowledge.ts';
import { toKnowledge, updateKnowledge } from '#credentials/knowledge.ts';
import { resumeRepositories } from '#credentials/resume.ts';
import { findGitToken, findSealedCredential } from '#credentials/store.ts';
import { openToken } from '#credentials/token-source.ts';
import { takePassword } from './manage.ts';
import type { PasswordInput } from './password.ts';
import { checkPassword } from './password.ts';
import { checkNetwork } from '#credentials/network/settings.ts';

/** What a Git server made of a user name and password at one repository. */
export interface VerifiedPassword {
  readonly remote_url: string;
  /** `ok`: let in; `refused`; `unverified`: nobody could say. */
  readonly state: 'ok' | 'refused' | 'unverified';
  readonly reason: string | null;
  readonly detail: string | null;
  readonly read: Capabilities['read'];
  readonly push: Capabilities['push'];
}

/** A password that is tried and not saved, at the repository that is named. */
export type TriedPassword = PasswordInput & { readonly username: string; readonly remote_url: string };

export async function tryPassword(deps: GitTokenDeps, owner: Owner, input: TriedPassword): Promise<Result<VerifiedPassword, Refusal>> {
  const errors = { ...checkPassword(input), ...checkNetwork(input.network, deps.checkUrl, deps.now()) };
  const remote = deps.checkUrl(input.remote_url);
  if (!remote.ok || Object.keys(errors).length > 0)
    return err(refuseFields({ ...errors, ...(remote.ok ? {} : { remote_url: [remote.error.message] }) }));
  const taken = await takePassword(deps, owner, input);
  if (!taken.ok) return taken;
  if (taken.value === undefined) return err(refuseFields({ password: ['Is required, or token_from with the place where it is kept.'] }));
  const network = await deps.openNetwork({}, input.network);
  const tried = { username: input.username, secret: taken.value.secret, network };
  return ok(toVerified(remote.value.href, await tryAt(deps, remote.value.href, tried)));
}

/**
 * Asks the server about a saved password, at a repository of it: what `git ls-remote` and a push begin with, and nothing is written. Keeps
 * what comes of it. Never at another server than its own.
 */
export async function verifyPassword(
  deps: GitTokenDeps,
  { organizationId }: Owner,
  id: string,
  remoteUrl: string,
): Promise<Result<VerifiedPassword, Refusal>> {
  const { database } = deps;
  const row = await findGitToken(database, organizationId, id, 'password');
  const sealed = await findSealedCredential(database, id);
  if (row === undefined || sealed === undefined) return err(notFound('credential'));
  const remote = deps.checkUrl(remoteUrl);
  if (!remote.ok) return err(refuseFields({ remote_url: [remote.error.message] }));
  const { href } = remote.value;
  if (row.url === null || new URL(row.url).origin !== new URL(href).origin) {
    const bound = row.url === null ? 'no server yet: give it a url, or use it with a repository' : `${row.url}, and is sent nowhere else`;
    return err(refuseFields({ remote_url: [`The credential is for ${bound}.`] }));
  }
  const network = await deps.openNetwork({ credentialId: id });
  const secret = await openToken(deps, sealed);
  const examination = await tryAt(deps, href, { username: row.username ?? '', secret, network });
  const known = { userExpiry: undefined, writes: false };
  const fresh = row.state === 'unverified' ? toKnowledge(examination, known) : updateKnowledge(examination, known, row.state);
  await database.transaction(async (tx) => {
    await recordExamination(tx, sealed, examination.is, fresh);
    if (row.state === 'revoked' && examination.is === 'told') await resumeRepositories(deps.queue, tx, id);
  });
  return ok(toVerified(href, examination));
}

interface Tried {
  readonly username: string;
  readonly secret: string;
  readonly network: Parameters<GitTokenDeps['through']>[0];
}

async function tryAt(deps: GitTokenDeps, href: string, tried: Tried): Promise<Examination> {
  const plain = deps.findProvider('plain');
  if (plain === undefined) throw new Error('plain Git servers are always known');
  const { origin, pathname } = new URL(href);
  return examine(deps, plain, { ...tried, url: origin, workspace: undefined, repository: pathname.slice(1) });
}

function toVerified(remote_url: string, examination: Examination): VerifiedPassword {
  if (examination.is === 'told') {
    const { read, push } = examination.report.capabilities;
    const state = read.state === 'denied' ? 'refused' : read.state === 'verified' ? 'ok' : 'unverified';
    return { remote_url, state, reason: examination.report.reason ?? null, detail: read.detail, read, push };
  }
  const isRefused = examination.is === 'refused';
  const { read, push } = everyCapability(isRefused ? 'denied' : 'inconclusive', examination.detail);
  return { remote_url, state: isRefused ? 'refused' : 'unverified', reason: examination.reason, detail: examination.detail, read, push };
}
