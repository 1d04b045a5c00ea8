import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import type { ProviderId } from '#domain/words.ts';
import { PROVIDERS } from '#domain/words.ts';
import type { Provider } from '#providers/contract.ts';

export interface ReachDeps {
  readonly findProvider: (id: string) => Provider | undefined;
}

/** The credential as reaching needs it. */
export interface ReachCredential {
  readonly id: string;
  readonly name: string;
  readonly provider: ProviderId;
  readonly url: string | null;
  readonly kind: string;
}

/** How a remote is reached: the provider it belongs to, its server, and the credential that is used there. */
export interface Reach {
  readonly provider: ProviderId;
  readonly providerUrl: string | null;
  readonly credentialId: string | null;
}

/**
 * Which provider a remote belongs to. With a credential it is the credential's, and the remote must be on the server that the
 * credential was given for: a secret is never sent anywhere else (SECURITY T24). Without one, the provider's own address decides.
 */
export function findReach(deps: ReachDeps, remoteUrl: string, credential: ReachCredential | undefined): Result<Reach, string> {
  if (credential === undefined) {
    for (const provider of PROVIDERS.map((id) => deps.findProvider(id))) {
      if (provider?.defaultUrl !== undefined && provider.remoteRef(remoteUrl, provider.defaultUrl) !== undefined)
        return ok({ provider: provider.id, providerUrl: provider.defaultUrl, credentialId: null });
    }
    return ok({ provider: 'plain', providerUrl: null, credentialId: null });
  }
  const provider = deps.findProvider(credential.provider);
  // A password that is for no server yet becomes that of this one.
  const unbound = credential.kind === 'password' ? new URL(remoteUrl).origin : provider?.defaultUrl;
  const url = credential.url ?? unbound;
  if (provider === undefined || url === undefined)
    return err(`The credential "${credential.name}" is for ${credential.provider}, which this version does not know.`);
  if (provider.remoteRef(remoteUrl, url) === undefined) {
    return err(
      `The credential "${credential.name}" belongs to ${url}; the remote is on another server, ${new URL(remoteUrl).host}, or is no repository there.`,
    );
  }
  return ok({ provider: credential.provider, providerUrl: url, credentialId: credential.id });
}

export function isSameServer(one: string, other: string): boolean {
  return new URL(one).origin === new URL(other).origin;
}
