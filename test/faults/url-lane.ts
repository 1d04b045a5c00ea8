import { join } from 'node:path';
import { createGit } from '#git/git.ts';
import type { Git } from '#git/context.ts';
import { listRemoteRefs } from '#git/list-remote-refs.ts';
import { isFailure } from '#domain/failure.ts';
import type { AllowedHost } from '#net/allowed-hosts.ts';
import { parseAllowedHosts } from '#net/allowed-hosts.ts';
import type { EgressFetch } from '#net/egress-fetch.ts';
import { createEgressFetch } from '#net/egress-fetch.ts';
import type { EgressPolicy } from '#net/egress-policy.ts';
import { createEgressPolicy } from '#net/egress-policy.ts';
import type { RemoteUrl } from '#net/remote-url.ts';
import type { ResolveHost } from '#net/resolve.ts';
import { createResolver } from '#net/resolve.ts';
import { vetRemote } from '#net/vet-remote.ts';
import { freePort } from '#test/support/free-port.ts';
import type { Scope } from '#test/support/scope.ts';
import type { DnsAnswer, DnsQuestion } from '#test/support/stub-dns.ts';
import { startStubDns } from '#test/support/stub-dns.ts';
import type { UrlWords } from './hostile-url.ts';
import { LOOPBACK_SPELLINGS } from '#test/support/loopback-spellings.ts';
import type { Hit, Listeners } from './listeners.ts';
import { startListeners } from './listeners.ts';

/** One world of trials, apart from every other: trials in it follow each other, so a connection belongs to the trial under way. */
export interface UrlLane {
  readonly words: UrlWords;
  readonly policy: EgressPolicy;
  /** Sets what the lane's DNS server says from now on of names that begin with `moves`. */
  say(answer: (question: DnsQuestion) => DnsAnswer): void;
  readonly addresses: { readonly good: readonly string[]; readonly bad: readonly string[] };
  /** Does with an accepted address what a sync and a call of the provider's API do; where it led. */
  reach(url: RemoteUrl): Promise<Reached>;
}

export interface Reached {
  /** Addresses that were vetted; undefined when the address was denied on the way. */
  readonly vetted: readonly string[] | undefined;
  readonly byGit: readonly Hit[];
  readonly byApi: readonly Hit[];
}

/** The lane's own loopback addresses may be reached at one port; everything else that listens is a canary. */
export async function openLane(scope: Scope, lane: number): Promise<UrlLane> {
  const good = [`127.7.${lane}.1`, `127.7.${lane}.2`];
  const bad = ['127.0.0.1', `127.8.${lane}.1`, '::1'];
  const port = await freePort();
  const otherPort = await freePort();
  const places = [...good, ...bad].flatMap((address) => [port, otherPort].map((number) => ({ address, port: number })));
  const listeners = await startListeners(scope, places);
  const rebinding: { answer?: (question: DnsQuestion) => DnsAnswer } = {};
  const dns = await startStubDns(
    (question) => (question.name.startsWith('moves') ? rebinding.answer?.(question) : undefined) ?? fixedAnswer(question, good),
  );
  scope.defer(() => dns.close());
  const policy = createEgressPolicy(allow([...good, 'git.localhost'].map((host) => `${host}:${port}`).join(',')));
  const resolve = createResolver([dns.server]);
  const limits = { maxEntries: 1_000, maxBlobBytes: 1_000, maxImportBytes: 1_000, maxPackBytes: 1_000 };
  const git = await createGit({ dataDir: join(scope.folder('urls'), 'data'), limits, timeoutMs: 60_000 });
  const egress = createEgressFetch(policy, resolve);
  scope.defer(() => egress.close());
  return {
    words: { good: [...good, ...GOOD_NAMES], bad: [...bad.map(bracket), ...BAD_NAMES, ...LOOPBACK_SPELLINGS], port, otherPort },
    policy,
    say: (answer) => void (rebinding.answer = answer),
    addresses: { good, bad },
    reach: (url) => reach({ git, policy, resolve, egress, listeners }, url),
  };
}

const GOOD_NAMES = ['good.example', 'many.example', 'alias.example', 'git.localhost', 'xn--bcher-kva.example'];
const BAD_NAMES = ['evil.example', 'mixed.example', 'six.example', 'inside.example', 'fails.example', 'none.example', 'evil.localhost'];

/** A name that nobody planned for leads to the canary, so that an accident is seen. */
function fixedAnswer({ name, kind }: DnsQuestion, good: readonly string[]): DnsAnswer {
  const [first = ''] = good;
  if (kind === 'AAAA') return name === 'six.example' ? { addresses: ['::1'] } : { addresses: [] };
  switch (name) {
    case 'good.example':
    case 'six.example':
    case 'git.localhost':
    case 'xn--bcher-kva.example':
      return { addresses: [first] };
    case 'many.example':
      return { addresses: good };
    case 'alias.example':
      return { cname: 'good.example', addresses: [first] };
    case 'mixed.example':
      return { addresses: [...good, '127.0.0.1'] };
    case 'inside.example':
      return { cname: 'evil.example', addresses: ['127.0.0.1'] };
    case 'fails.example':
      return { error: 'SERVFAIL' };
    case 'none.example':
      return { error: 'NXDOMAIN' };
    default:
      return { addresses: ['127.0.0.1'] };
  }
}

interface ReachDeps {
  readonly git: Git;
  readonly policy: EgressPolicy;
  readonly resolve: ResolveHost;
  readonly egress: EgressFetch;
  readonly listeners: Listeners;
}

async function reach({ git, policy, resolve, egress, listeners }: ReachDeps, { href }: RemoteUrl): Promise<Reached> {
  const { signal } = new AbortController();
  let vetted: readonly string[] | undefined;
  await orFailure(async () => {
    const remote = await vetRemote(href, policy, resolve);
    vetted = remote.pinned?.addresses ?? [new URL(href).hostname];
    await listRemoteRefs(git, { ...remote, access: undefined }, signal);
  });
  const byGit = await listeners.take();
  await orFailure(async () => {
    await egress.fetch(href);
  });
  return { vetted, byGit, byApi: await listeners.take() };
}

/** Nothing here can succeed: nobody who listens speaks Git. What is no Failure is a fault of the product. */
async function orFailure(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isFailure(error)) throw error;
  }
}

function allow(text: string): readonly AllowedHost[] {
  const allowed = parseAllowedHosts(text);
  if (!allowed.ok) throw new Error(allowed.error.join());
  return allowed.value;
}

function bracket(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
