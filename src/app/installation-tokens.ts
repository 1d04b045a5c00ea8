import type { Config } from '#config.ts';
import type { Mint, MintDeps } from '#apps/installations/mint.ts';
import { createMint } from '#apps/installations/mint.ts';
import type { ReadTokenSource, TokenSource } from '#credentials/token-source.ts';
import type { SecretWatch } from '#domain/redact.ts';
import { watchSources } from './secrets.ts';
import { createTokenSources } from './token-sources.ts';

export interface TokenReaderDeps extends MintDeps {
  readonly config: Pick<Config, 'tokenVariables' | 'tokenFiles'>;
  readonly watch: SecretWatch;
}

/** Reads every secret that is not in the database, and has each masked from then on. */
export function createTokenReader({ config, watch, ...deps }: TokenReaderDeps): ReadTokenSource {
  return watchSources(withInstallations(createTokenSources(config), createMint(deps)), watch);
}

/** Where secrets are kept that the database does not hold: the operator's places, and Apps, which mint theirs. */
export function withInstallations(read: (organization: string, source: TokenSource) => Promise<string>, mint: Mint): ReadTokenSource {
  return async (organization, source, use) =>
    'installation' in source
      ? mint({ organization, installationId: source.installation, repositoryRemoteId: use?.repositoryRemoteId })
      : read(organization, source);
}
