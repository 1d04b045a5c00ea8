import { describe, expect, test } from 'vitest';
import type { Bench } from './face.ts';
import { hookOf, outcome, soon } from './face.ts';

/** Webhooks at the provider, and what it sends to them. */
export function testHooks(bench: Bench): void {
  const spec = () => hookOf(bench.reader(), bench.opened().ref.fullName);
  const ours = async () => (await bench.opened().api.hooks.list(bench.opened().ref, soon())).filter(({ url }) => url === spec().url);

  describe('hooks', () => {
    test('are made once, however often that is asked for, and leave others alone', async () => {
      const { api, ref } = bench.opened();
      const other = await api.hooks.ensure(ref, hookOf(bench.reader(), 'another'), soon());

      const first = await api.hooks.ensure(ref, spec(), soon());
      const second = await api.hooks.ensure(ref, spec(), soon());

      expect(second.id).toBe(first.id);
      expect(await ours()).toMatchObject([{ id: first.id, active: true, problems: [] }]);
      expect((await api.hooks.list(ref, soon())).map(({ id }) => id)).toContain(other.id);
    });

    test('that two make at once become one', async () => {
      const { api, ref } = bench.opened();

      await Promise.all([outcome(api.hooks.ensure(ref, spec(), soon())), outcome(api.hooks.ensure(ref, spec(), soon()))]);
      const last = await api.hooks.ensure(ref, spec(), soon());

      expect(await ours()).toMatchObject([{ id: last.id }]);
    });

    test('get back the address that they lost', async () => {
      const { api, ref } = bench.opened();
      const { id } = await api.hooks.ensure(ref, hookOf(bench.reader(), 'a wrong address'), soon());

      expect(await api.hooks.update(ref, id, spec(), soon())).toMatchObject({ id, url: spec().url, active: true });
    });

    test('are removed, and then are gone already', async () => {
      const { api, ref } = bench.opened();
      const { id } = await api.hooks.ensure(ref, spec(), soon());

      await api.hooks.remove(ref, id, soon());
      await api.hooks.remove(ref, id, soon());

      expect(await ours()).toEqual([]);
    });

    test('that are gone cannot be changed, and making them anew is what follows', async () => {
      const { api, ref } = bench.opened();
      const { id } = await api.hooks.ensure(ref, spec(), soon());
      await api.hooks.remove(ref, id, soon());

      const failure = await outcome(api.hooks.update(ref, id, spec(), soon()));

      expect(failure).toMatchObject({ code: expect.stringMatching(/^(?:REPO_NOT_FOUND|PERM_MISSING)$/) });
      expect((await api.hooks.ensure(ref, spec(), soon())).url).toBe(spec().url);
    });

    test('are refused to a token that may only read, in the words of the provider', async () => {
      const failure = await outcome((await bench.apiWithout('hooks')).hooks.ensure(bench.opened().ref, spec(), soon()));

      expect(failure).toMatchObject({ code: 'PERM_MISSING', next: 'never', message: expect.stringMatching(bench.face.hookPermission) });
    });

    test('deliver what the reader verifies with the same secrets, and with no others, and reads as a push', async () => {
      const { api, ref, forge, remote } = bench.opened();
      const reader = bench.reader();
      const made = await api.hooks.ensure(ref, spec(), soon());

      const { after } = await forge.push({ repository: remote.full_name, branch: remote.default_branch, files: { a: '1' } });
      await forge.settle();
      const [delivery] = await forge.deliveries({ hookId: bench.face.hookNumber(made.id), event: bench.face.pushEvent });

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
        value: [{ kind: 'push', ref: `refs/heads/${remote.default_branch}`, after, repository: { id: remote.remote_id } }],
      });
    });
  });
}
