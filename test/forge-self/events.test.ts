import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { spawnForge, type SpawnedForge } from '#test/forge/client.ts';
import { apiOf, git, makeFolder, openReceiver, withCredential, type Receiver } from './support.ts';

const ZERO = '0'.repeat(40);
let forge: SpawnedForge;
let receiver: Receiver;
let token: string;
let count = 0;
let name: string;
const folder = makeFolder();

beforeAll(async () => {
  forge = await spawnForge();
  receiver = await openReceiver();
  ({ token } = await forge.createToken({ kind: 'classic', login: 'alice', scopes: ['repo'] }));
});
afterAll(async () => {
  await forge.stop();
  await receiver.close();
  folder.remove();
});

/** Every test has a repository of its own, with a hook that was pinged and is otherwise unused. */
beforeEach(async () => {
  name = `r${++count}`;
  await forge.createRepository({ owner: 'acme', name, files: { 'a.txt': 'a' } });
  const config = { url: receiver.url, content_type: 'json' };
  await apiOf(forge.url, token)('POST', `/repos/acme/${name}/hooks`, { events: ['push', 'pull_request'], config });
  await forge.settle();
});

const repository = (): string => `acme/${name}`;

async function heard(act: () => Promise<unknown>): Promise<Receiver['received']> {
  const before = receiver.received.length;
  await act();
  await forge.settle();
  return receiver.received.slice(before);
}

function isMerged(payload: Record<string, unknown>): boolean {
  return (payload['pull_request'] as { readonly merged: boolean } | undefined)?.merged === true;
}

function actions(told: Receiver['received']): unknown[] {
  return told.filter(({ headers }) => headers['x-github-event'] === 'pull_request').map(({ json }) => json['action']);
}

describe('a real push', () => {
  let work: string;

  beforeEach(async () => {
    await git(folder.path, 'clone', '--quiet', withCredential(`${forge.url}/acme/${name}.git`, token), name);
    work = join(folder.path, name);
  });

  async function commit(file: string, ...options: readonly string[]): Promise<string> {
    writeFileSync(join(work, file), `${file}\n`);
    await git(work, 'add', '.');
    await git(work, 'commit', '--quiet', '-m', `Add ${file}`, ...options);
    return (await git(work, 'rev-parse', 'HEAD')).stdout.trim();
  }

  test('is told with what it did, before and after', async () => {
    const before = (await forge.readRepository(repository())).head;
    const first = await commit('b.txt');
    const after = await commit('c.txt');

    const [push, ...others] = await heard(() => git(work, 'push', 'origin', 'main'));

    expect(others).toEqual([]);
    expect(push?.headers['x-github-event']).toBe('push');
    expect(push?.json).toMatchObject({
      ref: 'refs/heads/main',
      before,
      after,
      created: false,
      deleted: false,
      forced: false,
      base_ref: null,
      commits: [
        { id: first, distinct: true, message: 'Add b.txt', added: ['b.txt'], removed: [], modified: [], author: { name: 'Alice' } },
        { id: after, added: ['c.txt'] },
      ],
      head_commit: { id: after },
      repository: {
        full_name: repository(),
        private: true,
        owner: { name: 'acme', login: 'acme', type: 'Organization' },
        master_branch: 'main',
      },
      pusher: { name: 'alice' },
      sender: { login: 'alice' },
    });
    const told = push?.json['repository'] as Record<string, unknown>;
    expect([typeof told['created_at'], typeof told['pushed_at'], typeof told['updated_at']]).toEqual(['number', 'number', 'string']);
  });

  test('counts the commits of a new branch that no other branch has', async () => {
    await git(work, 'checkout', '--quiet', '-b', 'fresh');
    const after = await commit('fresh.txt');

    const [push] = await heard(() => git(work, 'push', 'origin', 'fresh'));

    expect(push?.json).toMatchObject({ created: true, base_ref: null, commits: [{ id: after, distinct: true }] });
  });

  test('does not count as distinct what another branch had', async () => {
    const { after: known } = await forge.push({ repository: repository(), branch: 'topic', files: { t: 't' } });

    await forge.settle();

    const [push] = await heard(() => forge.moveRefs({ repository: repository(), updates: [{ ref: 'refs/heads/main', sha: known }] }));

    expect(push?.json).toMatchObject({ after: known, commits: [{ id: known, distinct: false }] });
  });

  test('is forced when it loses commits', async () => {
    const before = (await forge.readRepository(repository())).head;
    const after = await commit('a.txt', '--amend');

    const [push] = await heard(() => git(work, 'push', '--force', 'origin', 'main'));

    expect(push?.json).toMatchObject({ before, after, created: false, forced: true });
  });

  test('tells of each branch made and removed', async () => {
    const head = (await forge.readRepository(repository())).head;

    const made = await heard(() => git(work, 'push', 'origin', 'HEAD:refs/heads/one', 'HEAD:refs/heads/two'));
    const removed = await heard(() => git(work, 'push', 'origin', ':one'));

    expect(made.map(({ json }) => String(json['ref'])).toSorted()).toEqual(['refs/heads/one', 'refs/heads/two']);
    expect(made[0]?.json).toMatchObject({
      before: ZERO,
      after: head,
      created: true,
      base_ref: expect.stringContaining('refs/heads/'),
      commits: [],
      head_commit: { id: head },
    });
    expect(removed[0]?.json).toMatchObject({
      ref: 'refs/heads/one',
      before: head,
      after: ZERO,
      deleted: true,
      head_commit: null,
      commits: [],
    });
  });

  test('tells of three tags, and of none when there are four', async () => {
    await git(work, 'tag', '-a', '-m', 'one', 'v1');
    for (const tag of ['v2', 'v3', 'w1', 'w2', 'w3', 'w4']) await git(work, 'tag', tag);
    const tagObject = (await git(work, 'rev-parse', 'v1')).stdout.trim();
    const head = (await git(work, 'rev-parse', 'HEAD')).stdout.trim();

    const three = await heard(() => git(work, 'push', 'origin', 'v1', 'v2', 'v3'));
    const four = await heard(() => git(work, 'push', 'origin', 'w1', 'w2', 'w3', 'w4'));

    expect(three.find(({ json }) => json['ref'] === 'refs/tags/v1')?.json).toMatchObject({
      after: tagObject,
      head_commit: { id: head },
      base_ref: 'refs/heads/main',
    });
    expect(three).toHaveLength(3);
    expect(four).toEqual([]);
  });

  test('lets open pull requests of its branch follow', async () => {
    await git(work, 'checkout', '--quiet', '-b', 'topic');
    const before = await commit('topic.txt');
    await git(work, 'push', 'origin', 'topic');
    const { number } = await forge.openPull({ repository: repository(), head: 'topic' });
    await forge.settle();
    const after = await commit('more.txt');

    const told = await heard(() => git(work, 'push', 'origin', 'topic'));

    const pull = told.find(({ headers }) => headers['x-github-event'] === 'pull_request');
    expect(pull?.json).toMatchObject({
      action: 'synchronize',
      number,
      before,
      after,
      pull_request: { head: { sha: after, ref: 'topic' } },
    });
    expect((await forge.readRepository(repository())).refs[`refs/pull/${number}/head`]).toBe(after);
  });
});

describe('pull requests', () => {
  test('are told from opening to merging', async () => {
    await forge.push({ repository: repository(), branch: 'topic', files: { t: 't' } });
    await forge.push({ repository: repository(), branch: 'stable', files: {}, message: 'Fork off' });
    await forge.settle();

    // Deliveries do not wait for one another, so each change is heard on its own.
    const told = await heard(() => forge.openPull({ repository: repository(), head: 'topic' }));
    for (const change of [{ title: 'Better' }, { base: 'stable' }, { state: 'closed' }, { state: 'open' }, { merge: true }] as const)
      told.push(...(await heard(() => forge.changePull(repository(), 1, change))));

    expect(actions(told)).toEqual(['opened', 'edited', 'edited', 'closed', 'reopened', 'closed']);
    expect(told.find(({ json }) => 'base' in ((json['changes'] as object | undefined) ?? {}))?.json).toMatchObject({
      changes: { base: { ref: { from: 'main' } } },
    });
    expect(told.find(({ json }) => isMerged(json))?.json).toMatchObject({
      action: 'closed',
      pull_request: { merged: true, state: 'closed', base: { ref: 'stable' } },
    });
  });

  test('may come from a fork, and outlive it', async () => {
    await forge.createRepository({ owner: 'eve', name, owner_type: 'User', private: false, files: { x: 'x' } });
    const fork = `eve/${name}`;

    const opened = await heard(() => forge.openPull({ repository: repository(), head: 'main', head_repository: fork, pusher: 'eve' }));
    await forge.deleteRepository(fork);
    const closed = await heard(() => forge.changePull(repository(), 1, { state: 'closed' }));

    expect(opened[0]?.json).toMatchObject({
      pull_request: { head: { label: 'eve:main', repo: { full_name: fork } } },
      sender: { login: 'eve' },
    });
    expect(closed[0]?.json).toMatchObject({ pull_request: { head: { repo: null } } });
  });
});
