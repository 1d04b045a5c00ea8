import type { Attempt } from './triggers.ts';

/** Has a GitLab token of its own rotated by the process that is to crash; what is left of it the settling looks at like at any other. */
export async function rotateToken({ world, round, target }: Attempt): Promise<undefined> {
  const { forge, api, service } = world;
  const login = `rotating-${round}-${Date.now()}`;
  const expires_at = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10);
  const { token } = await forge.createToken({ kind: 'personal', login, scopes: ['api'], expires_at });
  const list = '/api/organizations/default/git-tokens/';
  const made = await api.call('POST', list, { name: login, provider: 'gitlab', url: forge.url, token });
  if (made.status !== 201) throw new Error(`a token to rotate was not kept: ${made.text}`);
  const { id }: { readonly id: string } = JSON.parse(made.text);
  await fetch(`${target.url ?? ''}${list}${id}/rotate/`, {
    method: 'POST',
    headers: { authorization: `Token ${service.adminToken}` },
  }).catch(() => undefined);
  return undefined;
}
