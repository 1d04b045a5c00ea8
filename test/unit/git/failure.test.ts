import { describe, expect, test } from 'vitest';
import { isFailure } from '#domain/failure.ts';
import type { Failure } from '#domain/failure.ts';
import type { Remote } from '#domain/remote.ts';
import type { GitExit } from '#git/exit.ts';
import { GitExitError } from '#git/exit.ts';
import { toMirrorFailure, toRemoteFailure, toStorageFailure } from '#git/failure.ts';

const SECRET = 's3cr3t/with+odd chars';
const remote: Remote = {
  url: 'https://git.example.com/acme/app.git',
  access: { username: 'bot', secret: SECRET },
  pinned: undefined,
  plainHttp: false,
};

function failureOf(exit: Partial<GitExit>, about: (error: unknown) => unknown = (error) => toRemoteFailure(error, remote)): Failure {
  const failure = about(new GitExitError({ code: 128, ended: 'by-itself', stderr: '', ...exit }));
  if (!isFailure(failure)) throw new Error('not a failure');
  return failure;
}

describe('what a remote says of itself', () => {
  test.each([
    'remote: fatal: write error: No space left on device\nfatal: early EOF',
    "remote: fatal: Authentication failed for 'https://h/'\nfatal: early EOF",
    'fatal: remote error: No space left on device',
    "fatal: remote error: x\nfatal: Authentication failed for 'https://h/'\nerror: index-pack died of signal 25",
    'remote: fatal: Out of memory, malloc failed',
    'fatal: invalid ls-refs response: No space left on device',
    `${'x'.repeat(20_000)} No space left on device\nremote: fatal: x`.slice(-8_192),
  ])('does not decide what its failure means here: %j', (stderr) => {
    expect(failureOf({ stderr }).code).toBe('PROVIDER_FAILED');
  });
});

test('a machine that cannot start one more process is short of room, not without Git', () => {
  expect(failureOf({ ended: 'not-started', code: 1, stderr: 'Error: spawn git-run EAGAIN' }).code).toBe('STORAGE_FULL');
});

describe('what Git says of a remote', () => {
  test.each([
    ["fatal: Authentication failed for 'https://git.example.com/acme/app.git/'", 'AUTH_FAILED'],
    ["fatal: could not read Username for 'https://git.example.com': terminal prompts disabled", 'AUTH_MISSING'],
    ["remote: Repository not found.\nfatal: repository 'https://git.example.com/acme/app.git/' not found", 'REPO_NOT_FOUND'],
    ['fatal: https://h/a.git/info/refs not valid: is this a git repository?', 'REPO_NOT_FOUND'],
    ["fatal: unable to access 'https://h/a.git/': The requested URL returned error: 301", 'REPO_MOVED'],
    ["fatal: unable to access 'https://h/a.git/': The requested URL returned error: 429", 'RATE_LIMITED'],
    ["fatal: unable to access 'https://h/a.git/': The requested URL returned error: 502", 'PROVIDER_FAILED'],
    ["fatal: unable to access 'https://h/a.git/': The requested URL returned error: 400", 'PROVIDER_REFUSED'],
    ["fatal: unable to access 'https://h/a.git/': Could not resolve host: h", 'CONNECTION_FAILED'],
    [
      "fatal: unable to access 'https://h/a.git/': Failed to connect to h port 443 after 1 ms: Couldn't connect to server",
      'CONNECTION_FAILED',
    ],
    ["fatal: unable to access 'https://h/': server certificate verification failed. CAfile: none CRLfile: none", 'TLS_UNTRUSTED'],
    ["fatal: unable to access 'https://h/': SSL certificate problem: self-signed certificate", 'TLS_UNTRUSTED'],
    ['error: RPC failed; curl 18 transfer closed\nfatal: early EOF\nfatal: fetch-pack: invalid index-pack output', 'CONNECTION_FAILED'],
    [
      'error: object 1234: nullSha1: contains entries pointing to null sha1\nfatal: fsck error in packed object\nfatal: fetch-pack: invalid index-pack output',
      'REMOTE_CORRUPT',
    ],
    ['fatal: pack is corrupted (SHA1 mismatch)\nfatal: index-pack failed', 'REMOTE_CORRUPT'],
    ["fatal: couldn't find remote ref refs/pull/7/head", 'REF_NOT_FOUND'],
    ["fatal: transport 'file' not allowed", 'POLICY_DENIED'],
    ['fatal: write error: No space left on device\nfatal: index-pack failed', 'STORAGE_FULL'],
    ['error: index-pack died of signal 25', 'TOO_LARGE'],
    ['fatal: source repository is shallow, reject to clone.', 'REMOTE_CORRUPT'],
    ["fatal: cannot process 'refs/heads/a' and 'refs/heads/a/b' at the same time", 'REMOTE_CORRUPT'],
    ["fatal: unknown object format 'sha3' specified by server\nfatal: the remote end hung up unexpectedly", 'PROVIDER_FAILED'],
    ['fatal: invalid length read 4', 'PROVIDER_FAILED'],
    ["fatal: unable to access 'https://h/': Too large response headers: 307652 > 307200", 'PROVIDER_FAILED'],
    ['fatal: Out of memory, malloc failed (tried to allocate 268435457 bytes)', 'TOO_LARGE'],
    ['error: cannot fork to run git-remote-https: Resource temporarily unavailable', 'STORAGE_FULL'],
    ['fatal: remote error: The project you were looking for could not be found.', 'REPO_NOT_FOUND'],
    ['something nobody has seen', 'INTERNAL'],
  ])('%j is %s', (stderr, code) => {
    expect(failureOf({ stderr }).code).toBe(code);
  });

  test.each([
    [{ ended: 'aborted', code: 137 }, 'CANCELLED'],
    [{ ended: 'timed-out', code: 137 }, 'CLONE_TIMEOUT'],
    [{ ended: 'not-started', code: 1 }, 'GIT_UNUSABLE'],
    [{ code: 127 }, 'GIT_UNUSABLE'],
    [{ code: 153 }, 'TOO_LARGE'],
  ] as const)('%o is %s', (exit, code) => {
    expect(failureOf(exit).code).toBe(code);
  });

  test('a refusal without a credential asks for one', () => {
    const open = { ...remote, access: undefined };
    const stderr = "fatal: unable to access 'https://h/a.git/': The requested URL returned error: 403";

    expect(failureOf({ stderr }, (error) => toRemoteFailure(error, open)).code).toBe('AUTH_MISSING');
  });

  test("reaches people in our words; the remote's only the log, short and without the secret", () => {
    const basic = Buffer.from(`bot:${SECRET}`).toString('base64');
    const said = `remote: internal page ${'x'.repeat(5000)} ${SECRET} ${encodeURIComponent(SECRET)} ${basic} https://bot:pw@h/`;

    const failure = failureOf({ stderr: `${said}\nfatal: unable to access: The requested URL returned error: 500` });

    expect(failure.message).toBe('The Git server failed to answer the request.');
    const cause = String(failure.cause);
    expect(cause.length).toBeLessThan(2200);
    for (const form of [SECRET, encodeURIComponent(SECRET), basic, 'bot:pw']) expect(cause).not.toContain(form);
  });
});

test('what fails on a mirror is damage of the mirror, unless it was ended', () => {
  expect(failureOf({ stderr: 'fatal: not a git repository' }, toMirrorFailure).code).toBe('MIRROR_CORRUPT');
  expect(failureOf({ ended: 'aborted' }, toMirrorFailure).code).toBe('CANCELLED');
});

test('a full disk is STORAGE_FULL, every other error stays what it is', () => {
  const full = Object.assign(new Error('write'), { code: 'ENOSPC' });
  const other = Object.assign(new Error('open'), { code: 'EACCES' });

  expect(toStorageFailure(full)).toMatchObject({ code: 'STORAGE_FULL' });
  expect(toStorageFailure(other)).toBe(other);
});
