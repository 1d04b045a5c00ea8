import { pick } from './random.ts';

/** What addresses are made of in one lane of trials: hosts that may be reached, and those that must not be. */
export interface UrlWords {
  readonly good: readonly string[];
  readonly bad: readonly string[];
  readonly port: number;
  readonly otherPort: number;
}

const SCHEMES = [
  'https://',
  'http://',
  'HTTPS://',
  'hTTp://',
  'https:',
  'https:/',
  'https:///',
  '//',
  'ssh://',
  'git://',
  'ext::',
  'file://',
  '',
];
const USERS = ['u@', 'u:p@', ':@', '@', '%40@', 'a@b@', '-oProxyCommand=x@'];
/** Between two hosts, where parsers differ in which of them they take. */
const SEAMS = ['\\@', '@', '%2f@', '%40', '#@', '?@', '/@', '\t', '\n', '%00', '\0', ';', ',', ' ', '%20', '&@', '\\', '.'];
const PATHS = ['/a/b.git', '/a', '/A/b-c_d', '/a/b.git/', '/%61/b', '/a;x@y', '/a:1', '/~u/r', '/a%20b', '/a/@evil', '/a+b=c'];
const BAD_PATHS = [
  '',
  '/',
  '//a',
  '/../a',
  '/%2e%2e/a',
  '/a%2fb',
  '/a?b',
  '/a#b',
  '/-a',
  '/a\\b',
  '/é',
  '/a/./b',
  '/a%0d%0aHost:%20x',
  '/a%00',
];
const NOISE = [
  '\\',
  '@',
  '%',
  '/',
  ':',
  '?',
  '#',
  '[',
  ']',
  '.',
  '-',
  '\t',
  '\r',
  '\n',
  '\0',
  ' ',
  '。',
  '①',
  'é',
  '\u202e',
  '%2e',
  '%5c',
  '0',
  ';',
];

/** One address: about a third of them is fine, the others are spoilt in ways that were seen to fool one parser or another. */
export function makeUrl(random: () => number, words: UrlWords): string {
  const chance = (likelihood: number): boolean => random() < likelihood;
  const scheme = chance(0.85) ? pick(random, SCHEMES.slice(0, 4)) : pick(random, SCHEMES);
  const host = chance(0.7) ? respell(random, pick(random, words.good)) : pick(random, words.bad);
  const authority = chance(0.08) ? `${host}${pick(random, SEAMS)}${pick(random, chance(0.5) ? words.good : words.bad)}` : host;
  const user = chance(0.05) ? pick(random, USERS) : '';
  const path = chance(0.85) ? pick(random, PATHS) : pick(random, BAD_PATHS);
  const url = `${scheme}${user}${authority}${makePort(random, words)}${path}`;
  return chance(0.15) ? spoil(random, url) : url;
}

function makePort(random: () => number, { port, otherPort }: UrlWords): string {
  if (random() < 0.8) return `:${port}`;
  return pick(random, [
    '',
    ':',
    `:0${port}`,
    `:${otherPort}`,
    `:${port + 65_536}`,
    `:+${port}`,
    `:${port}.0`,
    ':0',
    ':22',
    ':443',
    ':80',
    `:${port}:${otherPort}`,
  ]);
}

function respell(random: () => number, host: string): string {
  return random() < 0.3 ? host.replaceAll(/[a-z]/g, (letter) => (random() < 0.5 ? letter.toUpperCase() : letter)) : host;
}

function spoil(random: () => number, url: string): string {
  const at = Math.floor(random() * (url.length + 1));
  const cut = random() < 0.5 ? 1 : 0;
  return url.slice(0, at) + pick(random, NOISE) + url.slice(at + cut);
}
