import { isFailure } from '#domain/failure.ts';
import type { GitAccess } from '#domain/words.ts';

/**
 * What a Git server says to the first request of a clone or a push, which changes nothing: `granted`, `denied` (403), `hidden` (404),
 * `refused` (401: the credential is none here), `moved` (a redirect), or `unknown` (something that is no Git server's answer).
 */
export type GitVerdict = 'granted' | 'denied' | 'hidden' | 'refused' | 'moved' | 'unknown';
export type GitService = 'git-upload-pack' | 'git-receive-pack';

export interface GitProbe {
  readonly fetch: typeof globalThis.fetch;
  /** Address that Git clones from. */
  readonly cloneUrl: string;
  /** undefined: asks as anybody. */
  readonly access: GitAccess | undefined;
}

const VERDICTS: Readonly<Record<number, GitVerdict>> = { 401: 'refused', 403: 'denied', 404: 'hidden' };

/**
 * One request of Git's smart HTTP protocol (gitprotocol-http(5), discovering references): what `git ls-remote` and `git push --dry-run`
 * begin with. Throws Failure for what lies on the way: CONNECTION_FAILED, TLS_UNTRUSTED, POLICY_DENIED.
 */
export async function probeGit({ fetch, cloneUrl, access }: GitProbe, service: GitService, signal: AbortSignal): Promise<GitVerdict> {
  try {
    const answer = await fetch(`${cloneUrl}/info/refs?service=${service}`, {
      headers: {
        'user-agent': 'git/tributary',
        accept: '*/*',
        // Version 2 answers without listing every ref; a push knows only the older ones.
        ...(service === 'git-upload-pack' ? { 'git-protocol': 'version=2' } : {}),
        ...(access === undefined ? {} : { authorization: basic(access) }),
      },
      redirect: 'manual',
      signal,
    });
    if (answer.status >= 300 && answer.status < 400) return 'moved';
    const isGit = answer.headers.get('content-type')?.startsWith(`application/x-${service}-advertisement`) === true;
    return answer.status === 200 && isGit ? 'granted' : (VERDICTS[answer.status] ?? 'unknown');
  } catch (error) {
    // A list of refs that is too large to be read here was granted, but nothing says that it is one.
    if (isFailure(error) && error.code === 'PROVIDER_FAILED') return 'unknown';
    throw error;
  }
}

function basic({ username, secret }: GitAccess): string {
  return `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`;
}

/** What a clone would be told, and whether that says anything: `public` where the server lets in anybody. */
export async function probeRead(probe: GitProbe, signal: AbortSignal): Promise<GitVerdict | 'public'> {
  const verdict = await probeGit(probe, 'git-upload-pack', signal);
  if (verdict !== 'granted' || probe.access === undefined) return verdict;
  return (await probeGit({ ...probe, access: undefined }, 'git-upload-pack', signal)) === 'granted' ? 'public' : 'granted';
}
