import { parseAllowedHosts } from '#net/allowed-hosts.ts';
import { createEgressFetch } from '#net/egress-fetch.ts';
import { createEgressPolicy } from '#net/egress-policy.ts';
import { createResolver } from '#net/resolve.ts';
import type { TokenReport } from '#domain/token.ts';
import type { Provider } from '#providers/contract.ts';
import type { SpawnedForge } from '#test/forge/client.ts';
import { spawnForge } from '#test/forge/client.ts';
import type { Scope } from '#test/support/scope.ts';

/** A forge, and tokens that are verified at it over HTTP as the service does. */
export interface TokenLaboratory {
  readonly forge: SpawnedForge;
  readonly fetch: typeof globalThis.fetch;
  /** What verifying comes to, and which calls it took; a failure is handed back. */
  readonly verify: (provider: Provider, sent: Sent) => Promise<Verified>;
}

export interface Sent {
  readonly token: string;
  readonly repository?: string | undefined;
  readonly username?: string | undefined;
  readonly workspace?: string | undefined;
  readonly url?: string;
}

export interface Verified {
  readonly report?: TokenReport;
  readonly failure?: unknown;
  /** `METHOD /path`, each as often as it was asked. */
  readonly calls: readonly string[];
}

export async function openTokenLaboratory(scope: Scope): Promise<TokenLaboratory> {
  const forge = await spawnForge();
  scope.defer(() => forge.stop());
  const allowed = parseAllowedHosts('127.0.0.1');
  const egress = createEgressFetch(createEgressPolicy(allowed.ok ? allowed.value : []), createResolver([]));
  scope.defer(() => egress.close());
  return {
    forge,
    fetch: egress.fetch,
    verify: async (provider, { token, repository, username, workspace, url = forge.url }) => {
      const calls: string[] = [];
      const fetch: typeof globalThis.fetch = (input, init) => {
        const { pathname, search } = new URL(input instanceof Request ? input.url : input);
        calls.push(`${init?.method ?? 'GET'} ${pathname}${search}`);
        return egress.fetch(input, init);
      };
      const connection = { url, username, workspace, secret: token, fetch };
      try {
        const report = await provider.verifyToken?.(connection, repository, AbortSignal.timeout(60_000));
        return report === undefined ? { calls } : { report, calls };
      } catch (failure) {
        return { failure, calls };
      }
    },
  };
}

/** The states of a report in the order read, webhooks, statuses, comments, push: one letter each. */
export function letters({ capabilities }: Pick<TokenReport, 'capabilities'>): string {
  const { read, webhooks, statuses, comments, push } = capabilities;
  const LETTER = { verified: 'V', denied: 'D', probable: 'P', unverifiable: 'U', inconclusive: 'I' } as const;
  return [read, webhooks, statuses, comments, push].map(({ state }) => LETTER[state]).join('');
}
