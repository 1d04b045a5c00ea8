import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { spawnForge, type SpawnedForge } from '#test/forge/client.ts';
import { git, makeFolder, withCredential, type GitResult } from './support.ts';

let forge: SpawnedForge;
let cloneUrl: string;
const folder = makeFolder();

beforeAll(async () => {
  forge = await spawnForge();
  cloneUrl = (await forge.createRepository({ provider: 'gitlab', owner: 'acme/network', name: 'net', files: { 'a.txt': 'a' } })).clone_url;
});
afterAll(async () => {
  await forge.stop();
  folder.remove();
});

type TokenInput = Parameters<SpawnedForge['createToken']>[0];

async function lsRemote(spec: TokenInput, username = 'oauth2'): Promise<GitResult> {
  const { token } = await forge.createToken(spec);
  return git(folder.path, 'ls-remote', withCredential(cloneUrl, token, username));
}

const PROJECT: TokenInput = { kind: 'project', repository: 'acme/network/net', scopes: ['read_repository'] };
const DEPLOY: TokenInput = { kind: 'deploy', repository: 'acme/network/net', username: 'deployer', scopes: ['read_repository'] };
const OAUTH: TokenInput = { kind: 'oauth', login: 'alice' };
const personal = (rest: object = {}): TokenInput => ({ kind: 'personal', login: 'alice', scopes: ['read_repository'], ...rest });

describe('Git is let in', () => {
  test.each([
    ['a personal token under any name', personal(), 'whoever'],
    ['a project token', PROJECT, 'oauth2'],
    ['a token with api alone', personal({ scopes: ['api'] }), 'oauth2'],
    ['an OAuth token as oauth2', OAUTH, 'oauth2'],
    ['a deploy token under its own name', DEPLOY, 'deployer'],
  ])('with %s', async (_what, spec, username) => {
    expect((await lsRemote(spec, username)).stdout).toMatch(/refs\/heads\/main/);
  });

  test('and pushes from there, which is an effect', async () => {
    const { token } = await forge.createToken(personal({ scopes: ['write_repository'], role: 'developer' }));
    const clone = join(folder.path, 'pushing');
    await git(folder.path, 'clone', '-q', withCredential(cloneUrl, token, 'oauth2'), clone);
    writeFileSync(join(clone, 'b.txt'), 'b');
    await git(clone, 'add', '.');
    await git(clone, 'commit', '-qm', 'Add b');
    const pushed = await git(clone, 'push', 'origin', 'main');

    expect(pushed.code).toBe(0);
    expect(await forge.effects()).toContainEqual(expect.objectContaining({ method: 'PUSH', path: '/acme/network/net.git' }));
  });

  test('under a former name, without a redirection', async () => {
    const { clone_url } = await forge.createRepository({ provider: 'gitlab', owner: 'acme', name: 'old-name', files: { a: 'a' } });
    const { token } = await forge.createToken(personal());
    await forge.changeRepository('acme/old-name', { name: 'new-name' });

    const { code } = await git(folder.path, '-c', 'http.followRedirects=false', 'ls-remote', withCredential(clone_url, token, 'oauth2'));

    expect(code).toBe(0);
  });
});

describe('Git is turned away', () => {
  test.each([
    ['an unknown token', personal({ revoked: true }), 'oauth2'],
    ['a dead token', personal({ expires_at: '2020-01-01' }), 'oauth2'],
    ['a token without the scope', personal({ scopes: ['read_api'] }), 'oauth2'],
    ['an OAuth token under another name', OAUTH, 'alice'],
    ['a deploy token under another name', DEPLOY, 'oauth2'],
  ])('with %s', async (_what, spec, username) => {
    const { token } = await forge.createToken(spec);
    const response = await fetch(`${cloneUrl}/info/refs?service=git-upload-pack`, {
      headers: { authorization: `Basic ${Buffer.from(`${username}:${token}`).toString('base64')}` },
    });

    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="GitLab"']);
    expect(await response.text()).toMatch(/^HTTP Basic: Access denied\. If a password was provided/);
  });

  test('from projects that it has no part in, as if they were not there', async () => {
    const stranger = await lsRemote(personal({ login: 'eve', repositories: [] }));
    const { token } = await forge.createToken(personal());
    const unknown = await git(folder.path, 'ls-remote', withCredential(`${forge.url}/acme/none.git`, token, 'oauth2'));

    expect(stranger.stderr).toContain('The project you were looking for could not be found');
    expect(unknown.stderr).toContain('The project you were looking for could not be found');
  });

  test('where its role is too small', async () => {
    const guest = await lsRemote(personal({ role: 'guest' }));
    const { token } = await forge.createToken(personal({ role: 'reporter', scopes: ['write_repository'] }));
    const push = await git(folder.path, 'push', withCredential(cloneUrl, token, 'oauth2'), 'HEAD:x');
    const response = await fetch(`${cloneUrl}/info/refs?service=git-receive-pack`, {
      headers: { authorization: `Basic ${Buffer.from(`oauth2:${token}`).toString('base64')}` },
    });

    expect(guest.stderr).toContain('You are not allowed to download code from this project.');
    expect(push.code).not.toBe(0);
    expect([response.status, await response.text()]).toEqual([403, 'You are not allowed to push code to this project.\n']);
  });
});
