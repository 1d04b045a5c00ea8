import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { CommitState, CommitStatus } from '#domain/status.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import type { Face, Laboratory, Opened } from './face.ts';
import { hookOf, openLaboratory, soon } from './face.ts';

/** What every provider does alike, tried against the forge over HTTP. */
export function testProviderContract(face: Face): void {
  vi.setConfig(PATIENCE);
  const scope = openScope();
  let laboratory: Laboratory;
  let opened: Opened;
  beforeAll(async () => {
    laboratory = await openLaboratory(scope, face);
  });
  beforeEach(async () => {
    opened = await laboratory.open();
  });
  afterAll(() => scope.close());

  const readOnly = async () => opened.apiWith((await face.newToken(opened.forge, opened.remote.full_name, 'read')).token);
  const spec = () => hookOf(laboratory.reader, opened.ref.fullName);
  const place = () => ({ commit: opened.remote.head ?? '', ref: opened.remote.default_branch });

  describe('a repository', () => {
    test('is read with its id, its name of now and its default branch', async () => {
      const { api, ref, remote } = opened;

      expect(await api.readRepository(ref, soon())).toMatchObject({
        id: String(remote.id),
        fullName: remote.full_name,
        defaultBranch: remote.default_branch,
        cloneUrl: remote.clone_url,
      });
    });

    test('that is not there cannot be found', async () => {
      const there = opened.api.readRepository({ fullName: `${opened.ref.fullName}-not` }, soon());

      expect(await outcome(there)).toMatchObject({ code: 'REPO_NOT_FOUND', next: 'never' });
    });

    test('that was renamed has moved, for who reads and for who writes', async () => {
      const { api, ref, forge, remote } = opened;
      await forge.changeRepository(remote.full_name, { name: `${remote.full_name.split('/').at(-1)}-renamed` });

      expect(await outcome(api.readRepository(ref, soon()))).toMatchObject({ code: 'REPO_MOVED' });
      expect(await outcome(api.hooks.ensure(ref, hookOf(laboratory.reader), soon()))).toMatchObject({ code: 'REPO_MOVED' });
    });

    test('is not read with a token that was revoked', async () => {
      const { api, ref, forge, tokenId } = opened;
      await forge.changeToken(tokenId, { revoked: true });

      const failure = await outcome(api.readRepository(ref, soon()));

      expect(failure).toMatchObject({ code: expect.stringMatching(/^AUTH_(?:FAILED|REVOKED)$/), next: 'never' });
    });
  });

  describe('an answer that is none', () => {
    test.each([
      ['its own fault', { kind: 'respond', status: 503, body: 'unavailable' }, 'PROVIDER_FAILED'],
      ['a page', { kind: 'respond', status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }, 'PROVIDER_FAILED'],
      ['other data', { kind: 'respond', status: 200, body: { other: true } }, 'PROVIDER_FAILED'],
      ['too many requests', { kind: 'respond', status: 429, headers: { 'retry-after': '7' }, body: {} }, 'RATE_LIMITED'],
      ['a closed connection', { kind: 'drop' }, 'CONNECTION_FAILED'],
      ['half an answer', { kind: 'truncate', bytes: 20 }, 'CONNECTION_FAILED'],
    ] as const)('%s', async (_what, action, code) => {
      const { api, ref, forge } = opened;
      const fault = await forge.addFault({ match: { repository: opened.remote.full_name }, action });

      const failure = await outcome(api.readRepository(ref, soon()));
      await forge.clearFaults(fault);

      expect(failure).toMatchObject({ code });
    });

    test('is waited for no longer than the caller does', async () => {
      const { api, ref, forge } = opened;
      const fault = await forge.addFault({ match: { repository: opened.remote.full_name }, action: { kind: 'hang' } });
      const given = new AbortController();

      const reading = outcome(api.readRepository(ref, given.signal));
      given.abort();

      expect(await reading).toMatchObject({ name: 'AbortError' });
      await forge.clearFaults(fault);
    });
  });

  describe('hooks', () => {
    const ours = async () => (await opened.api.hooks.list(opened.ref, soon())).filter(({ url }) => url === spec().url);

    test('are made once, however often that is asked for, and leave others alone', async () => {
      const { api, ref } = opened;
      const other = await api.hooks.ensure(ref, hookOf(laboratory.reader, 'another'), soon());

      const first = await api.hooks.ensure(ref, spec(), soon());
      const second = await api.hooks.ensure(ref, spec(), soon());

      expect(second.id).toBe(first.id);
      expect(await ours()).toMatchObject([{ id: first.id, active: true, problem: undefined }]);
      expect((await api.hooks.list(ref, soon())).map(({ id }) => id)).toContain(other.id);
    });

    test('that two make at once become one', async () => {
      const { api, ref } = opened;

      await Promise.all([outcome(api.hooks.ensure(ref, spec(), soon())), outcome(api.hooks.ensure(ref, spec(), soon()))]);
      const last = await api.hooks.ensure(ref, spec(), soon());

      expect(await ours()).toMatchObject([{ id: last.id }]);
    });

    test('get back the address that they lost', async () => {
      const { api, ref } = opened;
      const { id } = await api.hooks.ensure(ref, hookOf(laboratory.reader, 'a wrong address'), soon());

      expect(await api.hooks.update(ref, id, spec(), soon())).toMatchObject({ id, url: spec().url, active: true });
    });

    test('are removed, and then are gone already', async () => {
      const { api, ref } = opened;
      const { id } = await api.hooks.ensure(ref, spec(), soon());

      await api.hooks.remove(ref, id, soon());
      await api.hooks.remove(ref, id, soon());

      expect(await ours()).toEqual([]);
    });

    test('that are gone cannot be changed, and making them anew is what follows', async () => {
      const { api, ref } = opened;
      const { id } = await api.hooks.ensure(ref, spec(), soon());
      await api.hooks.remove(ref, id, soon());

      const failure = await outcome(api.hooks.update(ref, id, spec(), soon()));

      expect(failure).toMatchObject({ code: expect.stringMatching(/^(?:REPO_NOT_FOUND|PERM_MISSING)$/) });
      expect((await api.hooks.ensure(ref, spec(), soon())).url).toBe(spec().url);
    });

    test('are refused to a token that may only read, in the words of the provider', async () => {
      const failure = await outcome((await readOnly()).hooks.ensure(opened.ref, spec(), soon()));

      expect(failure).toMatchObject({ code: 'PERM_MISSING', next: 'never', message: expect.stringMatching(face.hookPermission) });
    });

    test('deliver what the reader verifies with the same secrets, and with no others, and reads as a push', async () => {
      const { api, ref, forge, remote } = opened;
      const { reader } = laboratory;
      const made = await api.hooks.ensure(ref, spec(), soon());

      const { after } = await forge.push({ repository: remote.full_name, branch: remote.default_branch, files: { a: '1' } });
      await forge.settle();
      const [delivery] = await forge.deliveries({ hookId: Number(made.id), event: face.pushEvent });

      if (delivery === undefined) throw new Error('the push was not told');
      const headers = Object.fromEntries(Object.entries(delivery.headers).map(([name, value]) => [name.toLowerCase(), value]));
      const body = Buffer.from(delivery.body_base64, 'base64');
      const [kept] = spec().secrets.filter(({ kind }) => kind === made.secretKind);
      const now = new Date();
      if (kept === undefined) throw new Error('the provider uses a secret that it was told');
      const verified = reader.verify(body, headers, [kept], now);
      expect(verified).toMatchObject({ ok: true, value: { by: made.secretKind } });
      expect(reader.verify(body, headers, reader.secretsOf('another key'), now).ok).toBe(false);
      expect(reader.verify(Buffer.concat([body, Buffer.from(' ')]), headers, [kept], now).ok).toBe(false);
      if (!verified.ok) return;
      expect(reader.identify(headers, '')).toEqual({ ok: true, value: { key: delivery.guid, event: delivery.event } });
      expect(reader.parseEvent(verified.value.body, headers)).toMatchObject({
        ok: true,
        value: [{ kind: 'push', ref: `refs/heads/${remote.default_branch}`, after, repository: { id: String(remote.id) } }],
      });
    });
  });

  describe('statuses', () => {
    const write = (...states: readonly CommitState[]) => writeAll(...states.map((state) => status(state)));
    async function writeAll(...statuses: readonly CommitStatus[]): Promise<void> {
      for (const each of statuses) await opened.api.statuses.write(opened.ref, place(), each, soon());
    }
    const list = (context = 'tributary/import') => opened.api.statuses.list(opened.ref, place(), context, soon());

    test('are none at first', async () => {
      expect(await list()).toEqual([]);
    });

    test.each(['pending', 'success', 'failure', 'error'] as const)('%s reads back as it is said to', async (state) => {
      await write(state);

      expect((await list())[0]).toEqual(opened.api.statuses.shown(status(state)));
    });

    test('go on from pending to the end, and from there to another end', async () => {
      for (const state of ['pending', 'success', 'pending', 'failure'] as const) {
        await write(state);
        expect((await list())[0]?.state).toBe(state);
      }
    });

    test('that are written again stay as they are, whichever they are', async () => {
      for (const state of ['pending', 'success', 'failure'] as const) {
        await write(state, state);
        expect((await list())[0]).toEqual(status(state));
      }
    });

    test('of another context are left alone and not read', async () => {
      await writeAll(status('success'), status('failure', { context: 'other' }));

      expect(await list()).toEqual([status('success')]);
      expect(await list('other')).toEqual([status('failure', { context: 'other' })]);
    });

    test('have as many words as the provider takes', async () => {
      const long = status('success', { description: 'Grüße 🙂 '.repeat(100) });
      await writeAll(long);

      const [newest] = await list();

      expect(newest).toEqual(opened.api.statuses.shown(long));
      expect(newest?.description).toMatch(/^Grüße.*…$/u);
    });

    test('that another token left pending do not stand in the way', async () => {
      const { token } = await face.newToken(opened.forge, opened.remote.full_name, 'everything');
      await write('pending');

      await opened.apiWith(token).statuses.write(opened.ref, place(), status('success'), soon());

      expect((await list())[0]?.state).toBe('success');
    });

    test('are not posted on a commit that is not there', async () => {
      const there = { commit: 'f'.repeat(40), ref: opened.remote.default_branch };

      const failure = await outcome(opened.api.statuses.write(opened.ref, there, status('success'), soon()));

      expect(failure).toMatchObject({ code: 'PROVIDER_REFUSED', next: 'never' });
    });

    test('are refused to a token that may only read, in the words of the provider', async () => {
      const failure = await outcome((await readOnly()).statuses.write(opened.ref, place(), status('success'), soon()));

      expect(failure).toMatchObject({ code: 'PERM_MISSING', next: 'never', message: expect.stringMatching(face.statusPermission) });
    });
  });
}

function status(state: CommitState, fields: Partial<CommitStatus> = {}): CommitStatus {
  const targetUrl = 'https://tributary.example.com/runs/1/';
  return { context: 'tributary/import', state, description: 'said in words', targetUrl, ...fields };
}

/** What was thrown, where something was. */
function outcome(work: Promise<unknown>): Promise<unknown> {
  return work.catch((error: unknown) => error);
}
