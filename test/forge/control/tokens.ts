import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { bitbucketTokenChange, type BitbucketTokenSpec } from '#test/forge/bitbucket/wire.ts';
import type { Forge } from '#test/forge/forge.ts';
import type { GitlabToken, Reach } from '#test/forge/gitlab/tokens.ts';
import { gitlabTokenChange, type GitlabTokenSpec } from '#test/forge/gitlab/wire.ts';
import { describeToken } from '#test/forge/tokens.ts';
import { newToken, tokenChange } from '#test/forge/wire.ts';
import { control, ControlError, getRepository, type ControlCall, type ControlEndpoint } from './endpoint.ts';

export const tokenControls: readonly ControlEndpoint[] = [
  control('POST', '/tokens', createToken),
  control('GET', '/tokens', ({ forge }) =>
    [...forge.tokens.list(), ...forge.gitlab.tokens.list(), ...forge.bitbucket.tokens.list()].map(describeToken),
  ),
  control('PATCH', '/tokens/{id}', changeToken),
];

/** The answer is the only place that shows the secret. */
async function createToken({ forge, json }: ControlCall): Promise<{ readonly id: number; readonly token: string; readonly login: string }> {
  const spec = await json(newToken);
  if (spec.token !== undefined && isTaken(forge, spec.token)) throw new ControlError(409, 'there is a token with that secret');
  const added = addToken(forge, spec);
  if (added.kind !== 'deploy') forge.accounts.ensure(added.login);
  return { id: added.id, token: added.secret, login: added.login };
}

function addToken(forge: Forge, spec: z.output<typeof newToken>) {
  if (spec.kind === 'classic' || spec.kind === 'fine-grained') return forge.tokens.add(spec);
  if (!isBitbucket(spec)) return addGitlabToken(forge, spec);
  return forge.bitbucket.tokens.add(spec, spec.kind === 'bitbucket-repository' ? getRepository(forge, spec.repository).id : undefined);
}

function isBitbucket(spec: GitlabTokenSpec | BitbucketTokenSpec): spec is BitbucketTokenSpec {
  return spec.kind.startsWith('bitbucket-');
}

async function changeToken({ forge, params, json }: ControlCall): Promise<void> {
  const id = Number(params['id']);
  if (forge.bitbucket.tokens.get(id) !== undefined) return forge.bitbucket.tokens.change(id, await json(bitbucketTokenChange));
  if (forge.gitlab.tokens.get(id) !== undefined) return void forge.gitlab.tokens.change(id, await json(gitlabTokenChange));
  const { requests_left: requestsLeft, ...change } = await json(tokenChange);
  const token = forge.tokens.change(id, change);
  if (token === undefined) throw new ControlError(404, `there is no token ${params['id'] ?? ''}`);
  if (requestsLeft !== undefined) forge.github.rateLimits.leave(token.id, requestsLeft, new Date());
}

function isTaken(forge: Forge, secret: string): boolean {
  return [...forge.tokens.list(), ...forge.gitlab.tokens.list(), ...forge.bitbucket.tokens.list()].some((token) => token.secret === secret);
}

function addGitlabToken(forge: Forge, spec: GitlabTokenSpec): GitlabToken {
  const { kind, name, scopes, expires_at, revoked, token } = spec;
  const granular = kind === 'personal' && spec.granular;
  const role = kind === 'deploy' ? 'reporter' : spec.role;
  const common = { kind, name, scopes: granular ? [] : scopes, expires_at, revoked, granular, role };
  return forge.gitlab.tokens.add({ ...common, ...holderOf(forge, spec) }, token);
}

/** Who holds it, and where. Bots are named as GitLab names them. */
function holderOf(forge: Forge, spec: GitlabTokenSpec): { readonly login: string; readonly reach: Reach } {
  const random = randomBytes(8).toString('hex');
  switch (spec.kind) {
    case 'personal':
    case 'oauth': {
      const { login, repositories } = spec;
      if (repositories === 'all') return { login, reach: { kind: 'all' } };
      return { login, reach: { kind: 'projects', ids: repositories.map((name) => getRepository(forge, name).id) } };
    }
    case 'project': {
      const { id } = getRepository(forge, spec.repository);
      return { login: `project_${id}_bot_${random}`, reach: { kind: 'projects', ids: [id] } };
    }
    case 'group':
      return {
        login: `group_${forge.accounts.ensure(spec.group, 'Organization').id}_bot_${random}`,
        reach: { kind: 'group', path: spec.group },
      };
    case 'deploy': {
      const { id } = getRepository(forge, spec.repository);
      return { login: spec.username ?? `gitlab+deploy-token-${forge.nextId()}`, reach: { kind: 'projects', ids: [id] } };
    }
  }
}
