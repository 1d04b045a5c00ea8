import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { v4 as uuid } from 'uuid';
import { isFailure } from '#domain/failure.ts';
import type { Proxy } from '#domain/network.ts';
import { PLAIN_NETWORK } from '#domain/network.ts';
import type { Remote } from '#domain/remote.ts';
import { addressKind } from '#net/address.ts';
import { explainTrust } from '#net/explain-trust.ts';
import type { Git } from './context.ts';
import { credentialFor } from './credential.ts';
import { toRemoteFailure } from './failure.ts';
import type { GitCall } from './process.ts';
import { readGit } from './process.ts';

/** A call that talks to a remote, without what follows from the remote. */
export type RemoteCall = Omit<GitCall, 'protocol' | 'credential' | 'credentialFor' | 'proxy'>;

/**
 * Output of a call that talks to a remote, in pieces. Throws Failure, or what the caller's loop throws. The certificate authorities lie in
 * a folder of this call alone, for as long as it takes.
 */
export async function* readRemote(git: Git, remote: Remote, { args, ...call }: RemoteCall): AsyncGenerator<Buffer, void, undefined> {
  const folder = remote.network?.caCertificate === undefined ? undefined : join(git.scratchDir, `call.${uuid()}`);
  try {
    if (folder !== undefined) await writeAuthorities(folder, remote.network?.caCertificate ?? '');
    const { config, ...access } = remoteAccess(remote, folder);
    yield* readGit(git, { ...call, ...access, args: [...config, ...args] });
  } catch (error) {
    throw await explain(toRemoteFailure(error, remote), remote);
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

/** The parts of a call that follow from the remote: protocol, pinned addresses, authorities, proxy, credential channels. */
export function remoteAccess(
  remote: Remote,
  folder: string | undefined,
): Pick<GitCall, 'protocol' | 'credential' | 'credentialFor' | 'proxy'> & { readonly config: readonly string[] } {
  const { network } = remote;
  return {
    protocol: remote.plainHttp ? 'http' : 'https',
    credential: remote.access,
    credentialFor: remote.access === undefined ? undefined : credentialFor(remote),
    proxy: network?.proxy === undefined ? undefined : { ...network.proxy, url: proxyUrl(network.proxy) },
    config: [
      ...(remote.pinned === undefined ? [] : [`http.curloptResolve=${pin(remote.pinned)}`]),
      ...(folder === undefined ? [] : trustOnly(folder)),
      ...(network?.tlsVerify === false ? ['http.sslVerify=false'] : []),
      // Said at once: many proxies close after a 407.
      ...(network?.proxy === undefined ? [] : ['http.proxyAuthMethod=basic']),
    ]
      .flatMap((setting) => ['-c', setting])
      // The address goes through the environment, which only our own user can read.
      .concat(network?.proxy === undefined ? [] : ['--config-env=http.proxy=GIT_RUN_PROXY']),
  };
}

const AUTHORITIES = 'authorities.pem';
const NOBODY = 'none';

/** libcurl would look into the system's folder as well; an https proxy is trusted by the same authorities. */
function trustOnly(folder: string): readonly string[] {
  const file = join(folder, AUTHORITIES);
  return [`http.sslCAInfo=${file}`, `http.sslCAPath=${join(folder, NOBODY)}`, `http.proxySSLCAInfo=${file}`];
}

async function writeAuthorities(folder: string, pem: string): Promise<void> {
  await mkdir(join(folder, NOBODY), { recursive: true, mode: 0o700 });
  await writeFile(join(folder, AUTHORITIES), pem, { mode: 0o600, flag: 'wx' });
}

/** Git asks its helper for the password when the address has a user name; which one that is the helper says. */
const ASK_HELPER = 'ask';

function proxyUrl({ scheme, host, port, access }: Proxy): string {
  return `${scheme}://${access === undefined ? '' : `${ASK_HELPER}@`}${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** libcurl's form, https://curl.se/libcurl/c/CURLOPT_RESOLVE.html; libcurl never asks DNS for this host and port then. */
function pin({ host, port, addresses }: NonNullable<Remote['pinned']>): string {
  return `${host}:${port}:${addresses.map((address) => (addressKind(address) === 6 ? `[${address}]` : address)).join(',')}`;
}

async function explain(error: unknown, remote: Remote): Promise<unknown> {
  if (!isFailure(error) || error.code !== 'TLS_UNTRUSTED') return error;
  return (await explainTrust(remote.url, remote.pinned?.addresses ?? [], remote.network ?? PLAIN_NETWORK)) ?? error;
}
