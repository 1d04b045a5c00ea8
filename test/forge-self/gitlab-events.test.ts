import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { spawnForge, type SpawnedForge } from '#test/forge/client.ts';
import { gitlabApiOf, openReceiver, type Api, type Received, type Receiver } from './support.ts';

const ZERO = '0'.repeat(40);
let forge: SpawnedForge;
let receiver: Receiver;
let api: Api;
let count = 0;
let repository: string;
let id: number;
let head: string;

beforeAll(async () => {
  forge = await spawnForge();
  receiver = await openReceiver();
  api = gitlabApiOf(forge.url, (await forge.createToken({ kind: 'personal', login: 'alice' })).token);
});
afterAll(async () => {
  await forge.stop();
  await receiver.close();
});
beforeEach(async () => {
  repository = `acme/e${++count}`;
  const made = await forge.createRepository({
    provider: 'gitlab',
    owner: 'acme',
    name: `e${count}`,
    files: { 'a.txt': 'a', 'gone.txt': 'x' },
  });
  id = made.id;
  head = made.head ?? '';
  const events = { push_events: true, tag_push_events: true, merge_requests_events: true, note_events: true };
  await api('POST', `/projects/${id}/hooks`, { url: receiver.url, ...events });
});

async function heard(act: () => Promise<unknown>): Promise<Received['json'][]> {
  // What was set up has been told.
  await forge.settle();
  const before = receiver.received.length;
  await act();
  await forge.settle();
  return receiver.received.slice(before).map(({ json }) => json);
}

function pushBranches(names: readonly string[]): Promise<unknown> {
  return forge.moveRefs({ repository, updates: names.map((name) => ({ ref: `refs/heads/${name}`, sha: head })) });
}

describe('a push', () => {
  test('is told with what it changed', async () => {
    const [payload] = await heard(() =>
      forge.push({
        repository,
        branch: 'main',
        files: { 'a.txt': 'b', 'new.txt': 'n' },
        delete: ['gone.txt'],
        message: 'Change\n\nMuch',
        pusher: 'bob',
        author: { name: 'Bob', email: 'bob@example.test', date: '2026-03-01T10:00:00+02:00' },
      }),
    );
    const { head: after } = await forge.readRepository(repository);

    expect(payload).toMatchObject({
      object_kind: 'push',
      event_name: 'push',
      before: head,
      after,
      checkout_sha: after,
      ref: 'refs/heads/main',
      ref_protected: true,
      user_username: 'bob',
      project_id: id,
      project: {
        id,
        path_with_namespace: repository,
        default_branch: 'main',
        git_http_url: `${forge.url}/${repository}.git`,
        visibility_level: 0,
      },
      total_commits_count: 1,
    });
    expect(payload?.['commits']).toMatchObject([
      {
        id: after,
        title: 'Change',
        message: 'Change\n\nMuch',
        timestamp: '2026-03-01T10:00:00+02:00',
        author: { name: 'Bob', email: '[REDACTED]' },
        added: ['new.txt'],
        modified: ['a.txt'],
        removed: ['gone.txt'],
      },
    ]);
    expect(payload).not.toHaveProperty('forced');
  });

  test('shows the newest twenty commits and counts all', async () => {
    const commits = Array.from({ length: 23 }, (_, number) => ({ message: `c${number}`, files: { n: String(number) } }));
    const [payload] = await heard(() => forge.push({ repository, branch: 'main', commits }));
    const shown = payload?.['commits'] as readonly { readonly title: string }[];

    expect(payload).toMatchObject({ total_commits_count: 23 });
    expect(shown.map(({ title }) => title)).toEqual(Array.from({ length: 20 }, (_, number) => `c${number + 3}`));
  });

  test('that makes a branch shows what the default branch has not; one that removes it shows nothing', async () => {
    const [made] = await heard(() => forge.push({ repository, branch: 'topic', files: { t: 't' } }));
    const [removed] = await heard(() => forge.deleteBranch(repository, 'topic'));

    expect(made).toMatchObject({ before: ZERO, ref: 'refs/heads/topic', ref_protected: false, total_commits_count: 1 });
    expect(removed).toMatchObject({ after: ZERO, checkout_sha: null, commits: [], total_commits_count: 0 });
  });

  test('of tags is another event; an annotated one has its message and the commit behind it', async () => {
    const [light] = await heard(() => forge.createTag({ repository, tag: 'v1', target: 'main' }));
    const [annotated] = await heard(() => forge.createTag({ repository, tag: 'v2', target: 'main', message: 'Second' }));

    expect(light).toMatchObject({ object_kind: 'tag_push', ref: 'refs/tags/v1', after: head, checkout_sha: head, message: null });
    expect(annotated).toMatchObject({ object_kind: 'tag_push', checkout_sha: head, message: 'Second', commits: [] });
    expect(annotated?.['after']).not.toBe(head);
    expect(receiver.received.at(-1)?.headers['x-gitlab-event']).toBe('Tag Push Hook');
  });

  test('of three refs is told ref by ref, and of four not at all', async () => {
    expect(await heard(() => pushBranches(['a', 'b', 'c']))).toHaveLength(3);
    expect(await heard(() => pushBranches(['d', 'e', 'f', 'g']))).toEqual([]);
  });

  test('to a branch that the filter leaves out is not told', async () => {
    const other = await openReceiver();
    await api('POST', `/projects/${id}/hooks`, { url: other.url, push_events_branch_filter: 'release/*' });

    await heard(() => forge.push({ repository, branch: 'main', files: { m: 'm' } }));
    await heard(() => forge.push({ repository, branch: 'release/1', files: { r: 'r' } }));

    expect(other.received.map(({ json }) => json['ref'])).toEqual(['refs/heads/release/1']);
    await other.close();
  });

  test('may be lost, doubled or overtaken', async () => {
    await forge.addFault({ target: 'delivery', match: { repository, event: 'Push Hook' }, times: 1, action: { kind: 'drop' } });
    expect(await heard(() => forge.push({ repository, branch: 'main', files: { n: '1' } }))).toEqual([]);
    await forge.addFault({ target: 'delivery', match: { repository }, times: 1, action: { kind: 'duplicate' } });
    expect(await heard(() => forge.push({ repository, branch: 'main', files: { n: '2' } }))).toHaveLength(2);
    const [one, two] = receiver.received.slice(-2);
    expect(one?.headers['idempotency-key']).toBe(two?.headers['idempotency-key']);
  });
});

test('a project that is renamed tells its hooks nothing, and its next push has the new path', async () => {
  expect(await heard(() => forge.changeRepository(repository, { name: `${repository.slice(5)}-new` }))).toEqual([]);
  repository = `${repository}-new`;

  const [payload] = await heard(() => forge.push({ repository, branch: 'main', files: { n: '1' } }));

  expect(payload).toMatchObject({ project: { id, path_with_namespace: repository } });
});

describe('a merge request', () => {
  test('is opened, follows its branch, and is merged with a push of its own', async () => {
    const { after: first } = await forge.push({ repository, branch: 'topic', files: { t: '1' } });
    const [opened] = await heard(() => forge.openPull({ repository, head: 'topic', title: 'Topic' }));
    const pushed = await heard(() => forge.push({ repository, branch: 'topic', files: { t: '2' } }));
    const merged = await heard(() => forge.changePull(repository, 1, { merge: true }));

    expect(opened).toMatchObject({
      object_kind: 'merge_request',
      object_attributes: {
        iid: 1,
        action: 'open',
        state: 'opened',
        source_branch: 'topic',
        target_branch: 'main',
        last_commit: { id: first },
      },
    });
    expect(opened).not.toHaveProperty('object_attributes.oldrev');
    expect(pushed).toContainEqual(
      expect.objectContaining({ object_attributes: expect.objectContaining({ action: 'update', oldrev: first }) }),
    );
    // Deliveries do not wait for one another.
    const [mergeRequest, mergePush] = merged.toSorted((one, other) =>
      String(one['object_kind']).localeCompare(String(other['object_kind'])),
    );
    expect(mergePush).toMatchObject({ object_kind: 'push', ref: 'refs/heads/main' });
    expect(mergeRequest).toMatchObject({ object_attributes: { action: 'merge', state: 'merged', merge_commit_sha: mergePush?.['after'] } });
    expect((await forge.readRepository(repository)).refs).toHaveProperty('refs/merge-requests/1/head');
  });

  test('that is edited, closed and opened again says so, without an old revision', async () => {
    await forge.push({ repository, branch: 'topic', files: { t: '1' } });
    await forge.openPull({ repository, head: 'topic' });

    const told = await heard(async () => {
      await forge.changePull(repository, 1, { title: 'Better' });
      await forge.changePull(repository, 1, { state: 'closed' });
      await forge.changePull(repository, 1, { state: 'open' });
    });

    expect(told.map((payload) => (payload['object_attributes'] as { readonly action: string }).action).toSorted()).toEqual([
      'close',
      'reopen',
      'update',
    ]);
    expect(told.find((payload) => Object.keys(payload['changes'] as object).length > 0)).toMatchObject({
      changes: { title: { previous: 'A change', current: 'Better' } },
    });
  });

  test('has notes of up to a million characters, by its number in the project', async () => {
    await forge.push({ repository, branch: 'topic', files: { t: '1' } });
    await forge.openPull({ repository, head: 'topic' });
    const notes = `/projects/${id}/merge_requests/1/notes`;

    const [told] = await heard(async () => {
      const { status, body } = await api('POST', notes, { body: 'First <!-- mark -->' });
      expect([status, body]).toEqual([201, expect.objectContaining({ body: 'First <!-- mark -->', noteable_iid: 1, system: false })]);
    });
    const note = (await api('GET', notes)).body as unknown as readonly { readonly id: number }[];

    expect(told).toMatchObject({ object_kind: 'note', object_attributes: { action: 'create', noteable_type: 'MergeRequest' } });
    expect((await api('PUT', `${notes}/${note[0]?.id}`, { body: 'Second' })).body).toMatchObject({ id: note[0]?.id, body: 'Second' });
    expect((await api('POST', notes, { body: 'x'.repeat(1_000_001) })).body).toEqual({
      message: '400 Bad request - Note {:note=>["is too long (maximum is 1000000 characters)"]}',
    });
    expect((await api('POST', notes, {})).body).toEqual({ error: 'body is missing' });
    expect((await api('GET', `/projects/${id}/merge_requests/2/notes`)).status).toBe(404);
  });
});
