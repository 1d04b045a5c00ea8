import type { Forge } from '#test/forge/forge.ts';
import { describeToken } from '#test/forge/tokens.ts';
import { newToken, tokenChange } from '#test/forge/wire.ts';
import { control, ControlError, type ControlCall, type ControlEndpoint } from './endpoint.ts';

export const tokenControls: readonly ControlEndpoint[] = [
  control('POST', '/tokens', createToken),
  control('GET', '/tokens', ({ forge }) => forge.tokens.list().map(describeToken)),
  control('PATCH', '/tokens/{id}', changeToken),
];

/** The answer is the only place that shows the secret. */
async function createToken({ forge, json }: ControlCall): Promise<{ readonly id: number; readonly token: string; readonly login: string }> {
  const spec = await json(newToken);
  if (spec.token !== undefined && isTaken(forge, spec.token)) throw new ControlError(409, 'there is a token with that secret');
  forge.accounts.ensure(spec.login);
  const { id, secret, login } = forge.tokens.add(spec);
  return { id, token: secret, login };
}

async function changeToken({ forge, params, json }: ControlCall): Promise<void> {
  const { requests_left: requestsLeft, ...change } = await json(tokenChange);
  const token = forge.tokens.change(Number(params['id']), change);
  if (token === undefined) throw new ControlError(404, `there is no token ${params['id'] ?? ''}`);
  if (requestsLeft !== undefined) forge.github.rateLimits.leave(token.id, requestsLeft, new Date());
}

function isTaken(forge: Forge, secret: string): boolean {
  return forge.tokens.list().some((token) => token.secret === secret);
}
