import { Failure } from '#domain/failure.ts';
import type { Capability, TokenReport } from '#domain/token.ts';
import { everyCapability } from '#domain/token.ts';
import type { ForgeConnection } from '#providers/contract.ts';
import type { GitVerdict } from '#providers/git-probe.ts';
import { probeGit, probeRead } from '#providers/git-probe.ts';

const NO_API = 'A plain Git server has no API for it.';

/**
 * What a plain Git server lets know of a password or token: 3 requests of Git at a repository (a clone, the same as anybody, a push),
 * none without one. Nothing is written. Throws Failure: AUTH_FAILED, CONNECTION_FAILED, TLS_UNTRUSTED, POLICY_DENIED, WRONG_SERVER.
 */
export async function verifyToken(connection: ForgeConnection, repository: string | undefined, signal: AbortSignal): Promise<TokenReport> {
  const capabilities = { ...everyCapability('unverifiable', NO_API), ...(await tryGit(connection, repository, signal)) };
  return {
    kind: 'unknown',
    login: connection.username,
    expiry: 'unknown',
    scopes: undefined,
    capabilities,
    missing: [],
    reason: undefined,
    repository,
    notes: [],
  };
}

async function tryGit(connection: ForgeConnection, repository: string | undefined, signal: AbortSignal) {
  if (repository === undefined) {
    const untried = toCapability('unverifiable', 'What it opens shows at a repository only. Name one as probe_repository.');
    return { read: untried, push: untried };
  }
  const { url, username = 'git', secret, fetch } = connection;
  const git = { fetch, cloneUrl: `${url}/${repository}`, access: { username, secret } };
  const read = await probeRead(git, signal);
  if (read === 'refused')
    throw new Failure('AUTH_FAILED', { message: `The Git server refuses the user name and password for ${repository}.` });
  if (read === 'unknown') throw new Failure('WRONG_SERVER', { message: `What answers at ${repository} is no Git server.` });
  const push = await probeGit(git, 'git-receive-pack', signal);
  return { read: readCapability(read, repository), push: pushCapability(push, repository) };
}

function readCapability(verdict: GitVerdict | 'public', repository: string): Capability {
  if (verdict === 'granted') return toCapability('verified', `Git is let in at ${repository}, and nobody without the credential.`);
  if (verdict === 'public') return toCapability('inconclusive', `${repository} is public: Git is let in without the credential.`);
  if (verdict === 'moved') return toCapability('inconclusive', `${repository} is at another address now.`);
  return toCapability('denied', `The server has no ${repository} for this credential, or does not let it in.`);
}

/** Plain servers answer a push that they do not take with any of the refusals. */
function pushCapability(verdict: GitVerdict, repository: string): Capability {
  if (verdict === 'granted') return toCapability('verified', `Git may push to ${repository}.`);
  return verdict === 'unknown' || verdict === 'moved'
    ? toCapability('inconclusive', `What the server answered to a push at ${repository} does not say.`)
    : toCapability('denied', `The server takes no push to ${repository} with this credential.`);
}

function toCapability(state: Capability['state'], detail: string): Capability {
  return { state, detail };
}
