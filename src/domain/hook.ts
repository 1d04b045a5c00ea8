/** How a hook stands, as far as is known. Where it is not `active`, its repository is looked at as one without a hook is. */
export const HOOK_STATUSES = ['active', 'not_configured', 'misconfigured', 'unable_to_verify'] as const;
export type HookStatus = (typeof HOOK_STATUSES)[number];

/** What can be wrong with a hook, by what has to be changed for it to work. */
export type HookFault =
  /** It is not at the provider. */
  | 'absent'
  /** It delivers to another address: PUBLIC_URL changed, or somebody changed it at the provider. */
  | 'url'
  | 'events'
  /** Push deliveries are limited to some branches. */
  | 'branches'
  | 'content-type'
  /** The provider does not check the certificate of this service. */
  | 'tls'
  /** Somebody switched it off. */
  | 'inactive'
  /** The provider switched it off, since deliveries failed. */
  | 'disabled'
  /** The provider has no secret for it, or a kind that is not enough, or not the one that it should have. */
  | 'secret'
  /** Another one delivers here for the same repository, or for one that is not here any more. */
  | 'duplicate'
  /** It looks well, and changes are found that it did not tell of. */
  | 'suppressed';

export interface HookProblem {
  readonly what: HookFault;
  /** In words for a person, with the provider's names of things. */
  readonly detail: string;
}

/** What a delivery that arrives and is taken does not speak against. */
export const NOT_DISPROVED: readonly HookFault[] = ['events', 'branches', 'tls', 'duplicate'];

export function describeProblems(problems: readonly HookProblem[]): string {
  return problems.map(({ detail }) => detail).join(' ');
}

/** As they lie in the database. */
export function readProblems(stored: unknown): readonly HookProblem[] {
  return Array.isArray(stored) ? stored : [];
}
