import type { Remote } from '#domain/remote.ts';
import { addressKind } from '#net/address.ts';
import { credentialFor } from './credential.ts';
import type { GitCall } from './process.ts';

/** The parts of a call that follow from the remote: protocol, pinned addresses, certificate authorities, credential channel. */
export function remoteCall(
  remote: Remote,
): Pick<GitCall, 'protocol' | 'credential' | 'credentialFor'> & { readonly config: readonly string[] } {
  return {
    protocol: remote.plainHttp ? 'http' : 'https',
    credential: remote.access,
    credentialFor: remote.access === undefined ? undefined : credentialFor(remote),
    config: [
      ...(remote.pinned === undefined ? [] : ['-c', `http.curloptResolve=${pin(remote.pinned)}`]),
      ...(remote.caFile === undefined ? [] : ['-c', `http.sslCAInfo=${remote.caFile}`]),
    ],
  };
}

/** libcurl's form, https://curl.se/libcurl/c/CURLOPT_RESOLVE.html; libcurl never asks DNS for this host and port then. */
function pin({ host, port, addresses }: NonNullable<Remote['pinned']>): string {
  return `${host}:${port}:${addresses.map((address) => (addressKind(address) === 6 ? `[${address}]` : address)).join(',')}`;
}
