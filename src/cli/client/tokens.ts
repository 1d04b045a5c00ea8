import { z } from 'zod';
import type { Api } from './api.ts';

/** A Git token as commands need it. */
export type Token = z.infer<typeof tokenSchema>;

const tokenSchema = z.object({
  id: z.string(),
  name: z.string(),
  provider: z.string(),
  kind: z.string(),
  state: z.string(),
  reason: z.string().nullable(),
  detail: z.string().nullable(),
  expires_at: z.string().nullable(),
  verified_at: z.string().nullable(),
  repositories_count: z.number(),
});
const pageSchema = z.object({ count: z.number(), results: z.array(tokenSchema) });

const PAGE = 500;

/** Every Git token of an organization, by name. */
export async function listTokens(api: Api, organization: string): Promise<readonly Token[]> {
  const found: Token[] = [];
  for (;;) {
    const query = { limit: PAGE, offset: found.length };
    const { count, results } = pageSchema.parse(await api.call('GET', pathOf(organization), { query }));
    found.push(...results);
    if (results.length === 0 || found.length >= count) return found;
  }
}

/** Asks the provider about one now. */
export async function verifyToken(api: Api, organization: string, id: string): Promise<Token> {
  return tokenSchema.parse(await api.call('POST', `${pathOf(organization)}${id}/verify/`));
}

function pathOf(organization: string): string {
  return `/api/organizations/${encodeURIComponent(organization)}/git-tokens/`;
}
