import type { Forge } from '#test/forge/forge.ts';
import type { Answer } from '#test/forge/http/exchange.ts';
import type { Repository } from '#test/forge/repositories.ts';

export type GitService = 'git-upload-pack' | 'git-receive-pack';

/** The token of one who asks, as effects name it. */
export interface GitCaller {
  readonly id: number;
  readonly kind: string;
  readonly login: string;
}

export type Admission = { readonly caller: GitCaller | undefined } | { readonly refusal: Answer };

/** How a provider treats Git. */
export interface GitFace {
  /** Who a credential belongs to, if it is one of this provider. */
  recognize(forge: Forge, authorization: string | undefined): GitCaller | undefined;
  /** Lets them in, or says what turns them away: a repository that is not there turns everybody away. */
  admit(forge: Forge, authorization: string | undefined, repository: Repository | undefined, service: GitService): Admission;
  /** A former name is answered with where to go; without, it is served as if it were the name. */
  redirects(forge: Forge): boolean;
}
