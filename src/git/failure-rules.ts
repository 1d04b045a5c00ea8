import type { FailureCode } from '#domain/failure-codes.ts';

interface FailureRule {
  readonly code: FailureCode;
  /** Tried on what Git itself said; on what it passed on from the remote only where that is named. */
  readonly when: RegExp;
  readonly of?: 'git' | 'remote';
  readonly message: string;
}

const BROKE_OFF = 'The Git server broke off with an error of its own.';

/**
 * What Git's and libcurl's English messages mean. First match wins, so causes stand before the messages that follow from them:
 * a broken connection also ends in "index-pack failed".
 */
export const REMOTE_RULES: readonly FailureRule[] = [
  // Before all others: these lines quote what the remote sent, which may read like anything.
  {
    code: 'PROVIDER_FAILED',
    when: /^fatal: (?:invalid ls-refs response|unknown object format|invalid length read|protocol error|mismatched algorithms|server does not support algorithm)/m,
    message: 'The Git server does not keep to the protocol of Git.',
  },
  { code: 'STORAGE_FULL', when: /No space left on device|Disk quota exceeded/i, message: 'There is no space left for the Git mirror.' },
  {
    code: 'STORAGE_FULL',
    when: /Too many open files|cannot fork|unable to (?:fork|create thread|start thread)|Resource temporarily unavailable/i,
    message: 'The machine allows no more processes or open files for Git.',
  },
  {
    code: 'PROXY_REFUSED',
    when: /CONNECT tunnel failed, response 407|Received HTTP code 407 from proxy|returned error: 407\b/,
    message: 'The proxy refuses its user name and password, or wants some (407).',
  },
  {
    code: 'CONNECTION_FAILED',
    when: /CONNECT tunnel failed, response 5\d\d|Received HTTP code 5\d\d from proxy|Proxy CONNECT aborted|Could not resolve proxy/,
    message: 'The proxy did not answer, or cannot reach the Git server.',
  },
  {
    code: 'PROXY_REFUSED',
    when: /CONNECT tunnel failed, response \d+|Received HTTP code \d+ from proxy/,
    message: 'The proxy does not let anybody through to the Git server.',
  },
  {
    code: 'AUTH_FAILED',
    when: /Authentication failed for|returned error: 40[13]\b/,
    message: 'The Git server refused the credential for this repository.',
  },
  {
    code: 'AUTH_MISSING',
    when: /could not read (?:Username|Password)|terminal prompts disabled/,
    message: 'The Git server asks for a credential, and the repository has none for it.',
  },
  {
    code: 'REPO_MOVED',
    when: /returned error: 30\d\b|unable to update url base from redirection/,
    message: 'The Git server redirects to another address, which is not followed.',
  },
  {
    code: 'REPO_NOT_FOUND',
    when: /^(?:fatal|ERROR): .*(?:not found|does not exist)|returned error: (?:404|410)\b|does not appear to be a git repository/im,
    message: 'The Git server knows no repository at this address.',
  },
  {
    code: 'REPO_NOT_FOUND',
    when: /not valid: (?:is this a git repository|could not determine hash algorithm)/,
    message: 'The address answers, but not as a Git repository.',
  },
  { code: 'RATE_LIMITED', when: /returned error: 429\b/, message: 'The Git server asks for fewer requests.' },
  { code: 'PROVIDER_FAILED', when: /returned error: 5\d\d\b/, message: 'The Git server failed to answer the request.' },
  { code: 'PROVIDER_REFUSED', when: /returned error: 4\d\d\b/, message: 'The Git server refused the request.' },
  {
    code: 'TLS_UNTRUSTED',
    when: /SSL certificate problem|certificate verif|no alternative certificate subject|certificate subject name|self[- ]signed|setting certificate|CAfile/i,
    message: 'The certificate of the Git server is not trusted.',
  },
  {
    code: 'POLICY_DENIED',
    when: /transport '.*' not allowed|credentialsInUrl|uses plaintext credentials/,
    message: 'The address uses a protocol or form that is not allowed.',
  },
  {
    code: 'REMOTE_CORRUPT',
    when: /repository is shallow/,
    message: 'The repository at the remote is shallow: it has only a part of its history.',
  },
  { code: 'REF_NOT_FOUND', when: /couldn't find remote ref/, message: 'The remote has no such branch or ref.' },
  {
    code: 'REPO_NOT_FOUND',
    of: 'remote',
    when: /remote error: .*(?:not (?:be )?found|does not exist)/i,
    message: 'The Git server knows no repository at this address.',
  },
  { code: 'PROVIDER_FAILED', of: 'remote', when: /^remote: (?:fatal|error): |remote error: /im, message: BROKE_OFF },
  {
    code: 'PROVIDER_FAILED',
    when: /upload-pack: |bad line length|invalid server response|expected flush|unexpected .*(?:packet|response)|content unencoding|Too large response headers/im,
    message: BROKE_OFF,
  },
  {
    code: 'CONNECTION_FAILED',
    when: /Could not resolve host|connect to |Connection (?:refused|reset|timed out|died)|timed out|too slow|early EOF|hung up|unexpected disconnect|Empty reply|transfer closed|Recv failure|Send failure|handshake|SSL|TLS|RPC failed|curl \d+/i,
    message: 'The connection to the Git server failed.',
  },
  {
    code: 'REMOTE_CORRUPT',
    when: /fsck error|did not send all necessary objects|Cannot obtain needed|Unable to find \w+ under|cannot process '.*' and '.*' at the same time|index-pack|unpack|pack (?:is corrupted|has bad object|signature mismatch)|bad pack|unresolved delta|inflate|mismatch|bad object|corrupt|invalid object|missing/i,
    message: 'The repository holds damaged or malformed objects, so nothing of it was taken over.',
  },
];
