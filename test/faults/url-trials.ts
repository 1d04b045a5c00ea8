import type { RemoteUrl } from '#net/remote-url.ts';
import { parseRemoteUrl } from '#net/remote-url.ts';
import type { Scope } from '#test/support/scope.ts';
import type { DnsAnswer } from '#test/support/stub-dns.ts';
import type { Finding } from './fault.ts';
import { makeUrl } from './hostile-url.ts';
import type { Hit } from './listeners.ts';
import { createRandom, pick } from './random.ts';
import type { Reached, UrlLane } from './url-lane.ts';
import { openLane } from './url-lane.ts';

export interface UrlTrials {
  readonly urls: number;
  readonly rebinds: number;
  readonly seed: number;
  readonly lanes: number;
}

/** Mutable on purpose: every trial of a lane adds to it. */
interface Tally {
  readonly counts: Record<string, number>;
  readonly problems: string[];
}

/**
 * Whether what was validated is what is connected to: generated addresses go the way from registration to the connection of Git and
 * of the API's client, with listeners on every address that they could be taken for.
 */
export async function tryUrls(scope: Scope, { urls, rebinds, seed, lanes }: UrlTrials): Promise<Finding> {
  const tallies = await Promise.all(
    Array.from({ length: lanes }, async (_, number) => {
      const lane = await openLane(scope, number + 1);
      const random = createRandom(seed + number);
      const tally: Tally = { counts: {}, problems: [] };
      for (let trial = number; trial < urls; trial += lanes) await tryUrl(lane, makeUrl(random, lane.words), tally);
      for (let trial = number; trial < rebinds; trial += lanes) await tryRebinding(lane, trial, random, tally);
      return tally;
    }),
  );
  const names = new Set(tallies.flatMap(({ counts }) => Object.keys(counts)));
  const total = (name: string): number => tallies.reduce((sum, { counts }) => sum + (counts[name] ?? 0), 0);
  return {
    counts: Object.fromEntries([...names].map((name) => [name, total(name)])),
    problems: tallies.flatMap(({ problems }) => problems),
  };
}

async function tryUrl(lane: UrlLane, text: string, tally: Tally): Promise<void> {
  count(tally, 'addresses');
  const parsed = parseRemoteUrl(text, lane.policy);
  if (!parsed.ok) return count(tally, 'refused');
  judge(lane, parsed.value, await lane.reach(parsed.value), JSON.stringify(text), tally);
}

/** A name whose answers change from query to query, each time with no time to live. */
async function tryRebinding(lane: UrlLane, trial: number, random: () => number, tally: Tally): Promise<void> {
  const { good, bad } = lane.addresses;
  const four = bad.filter((address) => !address.includes(':'));
  const choices: readonly DnsAnswer[] = [
    { addresses: good },
    { addresses: good.slice(0, 1) },
    { addresses: four.slice(0, 1) },
    { addresses: [...good, ...four] },
    { addresses: [...four, ...good] },
    { cname: 'evil.example', addresses: four },
    { error: 'SERVFAIL' },
    { error: 'NXDOMAIN' },
  ];
  // The first answer is mostly good, as an attacker's would be.
  lane.say(({ kind, before }) => {
    if (kind === 'AAAA') return random() < 0.1 ? { addresses: ['::1'] } : { addresses: [] };
    return before === 0 && random() < 0.6 ? { addresses: good } : pick(random, choices);
  });
  const parsed = parseRemoteUrl(`https://moves-${trial}.example:${lane.words.port}/a/b.git`, lane.policy);
  if (!parsed.ok) throw new Error(parsed.error.message);
  count(tally, 'rebindings');
  judge(lane, parsed.value, await lane.reach(parsed.value), `rebinding ${trial}`, tally);
}

function judge(lane: UrlLane, url: RemoteUrl, { vetted, byGit, byApi }: Reached, what: string, tally: Tally): void {
  const isExpected = ({ address, port, first }: Hit): boolean =>
    lane.addresses.good.includes(address) && port === lane.words.port && port === url.port && isTold(first, url);
  const canaries = [...byGit, ...byApi].filter((hit) => !lane.addresses.good.includes(hit.address) || hit.port !== lane.words.port);
  count(tally, 'canary hits', canaries.length);
  count(tally, vetted === undefined ? 'denied' : 'connected by Git', 1);
  count(tally, 'connected by API', byApi.length === 0 ? 0 : 1);
  const wrong = [...byGit, ...byApi].filter((hit) => !isExpected(hit));
  if (wrong.length > 0) tally.problems.push(`${what} led to ${wrong.map(({ address, port }) => `${address} ${port}`).join(', ')}`);
  if (vetted === undefined && byGit.length > 0) tally.problems.push(`${what} was denied and Git connected`);
  if (vetted !== undefined && byGit.length === 0) tally.problems.push(`${what} was let through and Git connected to nobody`);
  if (vetted !== undefined && byGit.some(({ address }) => !vetted.includes(address)))
    tally.problems.push(`${what}: Git went where it was not vetted`);
}

/** Whether the other end was told the name that was validated: in the request, or in the greeting of TLS, which names no addresses. */
function isTold(first: string, { scheme, host, path, port }: RemoteUrl): boolean {
  if (scheme === 'https') return /^[\d.]+$/.test(host) || first.includes(host);
  return first.startsWith(`GET ${path}`) && first.toLowerCase().includes(`\r\nhost: ${host}${port === 80 ? '' : `:${port}`}\r\n`);
}

function count({ counts }: Tally, name: string, add = 1): void {
  counts[name] = (counts[name] ?? 0) + add;
}
