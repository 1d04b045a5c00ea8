import type { ProviderId } from '#domain/words.ts';
import type { Provider } from './contract.ts';
import { bitbucket } from './bitbucket/index.ts';
import { github } from './github/index.ts';
import { gitlab } from './gitlab/index.ts';
import { plain } from './plain/index.ts';

/** The providers of this version. One that is named in the vocabulary and not here is refused where somebody asks for it. */
const REGISTRY: Partial<Record<ProviderId, Provider>> = { github, gitlab, bitbucket, plain };

export function findProvider(id: string): Provider | undefined {
  return Object.values(REGISTRY).find((provider) => provider.id === id);
}
