import type { CapabilityName, TokenKind } from '#domain/token.ts';

interface Rule {
  /** All of these, by the names that access tokens have. */
  readonly access: readonly string[];
  /** All of these, by the names that API tokens have. */
  readonly api: readonly string[];
  readonly why: string;
}

/** What each capability needs (PROVIDERS.md 1.3): a hook takes the scopes of the events that it asks for as well. */
export const RULES: Readonly<Record<CapabilityName, Rule>> = {
  read: { access: ['repository'], api: ['read:repository:bitbucket'], why: 'Private repositories cannot be read without it.' },
  webhooks: {
    access: ['webhook', 'pullrequest'],
    api: ['read:webhook:bitbucket', 'write:webhook:bitbucket', 'read:pullrequest:bitbucket'],
    why: 'Webhooks cannot be made; pushes are found by polling.',
  },
  statuses: { access: ['repository'], api: ['read:repository:bitbucket'], why: 'No status is posted on commits.' },
  comments: {
    access: ['pullrequest'],
    api: ['read:pullrequest:bitbucket', 'write:pullrequest:bitbucket'],
    why: 'Nothing can be written to pull requests.',
  },
  push: { access: ['repository:write'], api: ['write:repository:bitbucket'], why: 'Nothing can be pushed.' },
};

const IMPLIED: Readonly<Record<string, readonly string[]>> = {
  'repository:write': ['repository'],
  pullrequest: ['repository'],
  'pullrequest:write': ['pullrequest', 'repository:write', 'repository'],
};

/** Scopes of the rule that are not there. Those of access tokens contain others; of API tokens `write:` does not contain `read:`. */
export function missingScopes(name: CapabilityName, kind: TokenKind, scopes: readonly string[]): readonly string[] {
  const isApi = kind === 'api' || scopes.some((scope) => scope.endsWith(':bitbucket'));
  const granted = new Set(scopes.flatMap((scope) => [scope, ...(Object.hasOwn(IMPLIED, scope) ? (IMPLIED[scope] ?? []) : [])]));
  return (isApi ? RULES[name].api : RULES[name].access).filter((scope) => !granted.has(scope));
}

const KINDS: Readonly<Record<string, TokenKind>> = {
  repo_access_token: 'repository',
  project_access_token: 'project',
  workspace_access_token: 'workspace',
  api_token: 'api',
};

/** What `X-Credential-Type` says. */
export function kindOf(header: string | null): TokenKind | undefined {
  return header !== null && Object.hasOwn(KINDS, header) ? KINDS[header] : undefined;
}

/** The list of `X-OAuth-Scopes`; undefined where the header is absent. */
export function readScopes(header: string | null): readonly string[] | undefined {
  return header
    ?.split(',')
    .map((scope) => scope.trim())
    .filter((scope) => /^[\w:.-]{1,60}$/.test(scope));
}
