import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createGit } from '#git/git.ts';
import { openForge, openRemote } from '#repositories/open.ts';
import type { SpawnedForge } from '#test/forge/client.ts';
import { spawnForge } from '#test/forge/client.ts';
import { LIMITS } from '#test/support/git-room.ts';
import { openTestHttp } from '#test/support/http.ts';
import type { TestHttp } from '#test/support/http.ts';
import type { Remotes } from '#test/support/remotes.ts';
import { openRemotes } from '#test/support/remotes.ts';

let http: TestHttp;
let forge: SpawnedForge;
let remotes: Remotes;
const dataDir = mkdtempSync(join(tmpdir(), 'tributary-remotes-'));
beforeAll(async () => {
  [http, forge] = await Promise.all([openTestHttp(), spawnForge()]);
  remotes = openRemotes(http, await createGit({ dataDir, limits: LIMITS, timeoutMs: 60_000 }));
});
afterAll(async () => {
  await http.close();
  await forge.stop();
  // HOME of Git is read-only.
  execFileSync('chmod', ['-R', 'u+w', dataDir]);
  rmSync(dataDir, { recursive: true, force: true });
});
afterEach(() => forge.clearFaults());

interface Registered {
  readonly id: string;
  readonly fullName: string;
  readonly head: string;
}
let count = 0;
let repository: Registered;

async function registerRepository(login: string): Promise<Registered> {
  const name = `${login}-${++count}`;
  const { token } = await forge.createToken({ kind: 'classic', login, scopes: ['repo', 'admin:repo_hook'] });
  const remote = await forge.createRepository({ owner: 'acme', name, files: { 'README.md': 'x' } });
  await http.call('POST', '/api/organizations/default/git-tokens/', { body: { name, provider: 'github', url: forge.url, token } });
  const body = { name, remote_url: remote.clone_url, credential: name };
  const { id } = (await http.call('POST', '/api/extras/git-repositories/', { body })).body as { readonly id: string };
  return { id, fullName: remote.full_name, head: remote.head ?? '' };
}

/** What the log of its runs says. */
async function messagesOf({ id }: Registered): Promise<readonly string[]> {
  const lines = await http.database.kysely
    .selectFrom('job_log_entries')
    .innerJoin('job_results', 'job_results.id', 'job_log_entries.job_result_id')
    .select('message')
    .where('repository_id', '=', id)
    .execute();
  return lines.map(({ message }) => message);
}

/** As a sync that succeeded leaves it. */
async function serve({ id, head }: Registered): Promise<void> {
  await remotes.bring(id);
  await sql`update repositories set current_head = ${head}, seen = wanted where id = ${id}`.execute(http.database.kysely);
  await sql`
    insert into lines (organization_id, repository_id, branch_id, sync_state, commit_id, good_commit_id)
    select r.organization_id, r.id, b.id, 'in-sync', ${head}, ${head} from repositories r
    join branches b on b.organization_id = r.organization_id and b.name = 'main' where r.id = ${id}`.execute(http.database.kysely);
}

const rowOf = (id: string) =>
  http.database.kysely
    .selectFrom('repositories')
    .selectAll()
    .select(sql<number>`extract(epoch from poll_after - clock_timestamp())::float8`.as('due_in_s'))
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
const aged = (id: string) =>
  sql`update repositories set not_found_since = not_found_since - interval '61 seconds' where id = ${id}`.execute(http.database.kysely);
const requestsTo = async (part: string): Promise<number> =>
  Object.entries(await forge.requests())
    .filter(([request]) => request.includes(part))
    .reduce((sum, [, times]) => sum + times, 0);

beforeEach(async () => {
  repository = await registerRepository('ana');
});

const limit = (login: string, seconds: string) =>
  forge.addFault({
    target: 'api',
    match: { login },
    action: { kind: 'respond', status: 429, headers: { 'retry-after': seconds }, body: { message: 'slow down' } },
  });

const ask = async (id: string) => {
  const opened = await openForge(http.hooks, id);
  return opened?.api.readRepository(opened.ref, AbortSignal.timeout(60_000));
};
const asked = () => requestsTo(`/${repository.fullName}.git/info/refs`);

describe('a provider that asks to wait', () => {
  test('is not asked again before that with the same credential, and looks are put off until after it', async () => {
    await limit('ana', '30');

    await expect(ask(repository.id)).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 30_000 });
    await forge.clearFaults();
    const before = await requestsTo(`/repos/${repository.fullName}`);
    await expect(ask(repository.id)).rejects.toMatchObject({ code: 'RATE_LIMITED', next: 'later' });

    expect(await requestsTo(`/repos/${repository.fullName}`)).toBe(before);
    expect((await rowOf(repository.id)).due_in_s).toBeGreaterThan(0);
  });

  test('is asked with every other credential, and Git is not held up', async () => {
    const other = await registerRepository('bob');
    await limit('ana', '999999');
    await expect(ask(repository.id)).rejects.toMatchObject({ retryAfterMs: 3_600_000 });

    expect(await ask(other.id)).toMatchObject({ fullName: other.fullName });
    expect((await rowOf(other.id)).due_in_s).toBeLessThan(30);
    await expect(openRemote(http.hooks, repository.id)).resolves.toMatchObject({ access: { username: 'x-access-token' } });
  });

  test('is asked again when the time is over', async () => {
    await limit('ana', '30');
    await expect(ask(repository.id)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await forge.clearFaults();
    await sql`update credentials set paused_until = clock_timestamp() - interval '1 second'`.execute(http.database.kysely);

    expect(await ask(repository.id)).toMatchObject({ fullName: repository.fullName });
  });
});

describe('a Git server that answers 429', () => {
  beforeEach(async () => {
    await forge.addFault({
      target: 'git',
      match: { repository: repository.fullName },
      action: { kind: 'respond', status: 429, headers: { 'retry-after': '30' } },
    });
  });

  test('is asked once by a look, and then left alone for a minute', async () => {
    await remotes.look(repository.id);

    expect(await asked()).toBe(1);
    expect((await rowOf(repository.id)).due_in_s).toBeGreaterThan(30);
    await expect(openRemote(http.hooks, repository.id)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(await rowOf(repository.id)).toMatchObject({ operational_state: 'unknown', poll_failures: 0 });
  });

  test('is asked once by a sync, which waits', async () => {
    await expect(remotes.bring(repository.id)).rejects.toMatchObject({ code: 'RATE_LIMITED', next: 'later', retryAfterMs: 60_000 });

    expect(await asked()).toBe(1);
    await expect(remotes.bring(repository.id)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(await asked()).toBe(1);
  });
});

describe('a repository that the server does not know any more', () => {
  beforeEach(() => serve(repository));

  test('is gone when the second answer a minute later says so too; nothing that was imported is touched', async () => {
    await forge.deleteRepository(repository.fullName);

    expect(await remotes.look(repository.id)).toBe(0);
    expect(await rowOf(repository.id)).toMatchObject({ operational_state: 'online', current_head: repository.head });
    await expect(remotes.bring(repository.id)).rejects.toMatchObject({ code: 'REPO_NOT_FOUND' });
    await aged(repository.id);
    expect(await remotes.look(repository.id)).toBe(1);
    await expect(remotes.bring(repository.id)).rejects.toMatchObject({ code: 'REPO_GONE' });

    expect(await rowOf(repository.id)).toMatchObject({ current_head: repository.head });
  });

  test('and knows again is as it was: one answer may be a fault of the server’s', async () => {
    const blip = await forge.addFault({
      target: 'git',
      match: { repository: repository.fullName },
      times: 1,
      action: { kind: 'respond', status: 404 },
    });

    expect(await remotes.look(repository.id)).toBe(0);
    expect((await rowOf(repository.id)).not_found_since).not.toBeNull();
    await forge.clearFaults(blip);
    expect(await remotes.look(repository.id)).toBe(0);

    expect(await rowOf(repository.id)).toMatchObject({ not_found_since: null, poll_failures: 0, operational_state: 'online' });
  });

  test('because its credential was taken away says that, not that it is gone', async () => {
    await forge.addFault({ target: 'git', match: { repository: repository.fullName }, action: { kind: 'respond', status: 401 } });

    await remotes.look(repository.id);

    expect(await rowOf(repository.id)).toMatchObject({
      operational_state: 'error-cred',
      operational_code: 'AUTH_FAILED',
      not_found_since: null,
    });
  });
});

test('a move to an address that is not allowed from here is refused, and the old one is kept', async () => {
  await serve(repository);
  const before = await rowOf(repository.id);
  await forge.changeRepository(repository.fullName, { name: `away-${count}` });
  await forge.addFault({
    target: 'api',
    match: { path: '/repositories/' },
    action: {
      kind: 'respond',
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: {
        id: Number(before.remote_id),
        full_name: 'acme/away',
        default_branch: 'main',
        clone_url: 'http://169.254.169.254/acme/away.git',
        html_url: 'http://169.254.169.254/acme/away',
      },
    },
  });

  await expect(remotes.bring(repository.id)).rejects.toMatchObject({ code: 'POLICY_DENIED' });

  expect((await rowOf(repository.id)).remote_url).toBe(before.remote_url);
});

test('a move is recorded with the reason', async () => {
  await serve(repository);
  const renamed = await forge.changeRepository(repository.fullName, { name: `moved-${count}` });

  await remotes.bring(repository.id);

  const moves = await http.database.kysely.selectFrom('repository_moves').selectAll().where('repository_id', '=', repository.id).execute();
  expect(moves).toMatchObject([{ what: 'address', became: renamed.clone_url, reason: expect.stringContaining(renamed.full_name) }]);
  expect(await messagesOf(repository)).toEqual([expect.stringContaining(`to ${renamed.clone_url}: found by its number`)]);
});

test('a move that only the status of a commit meets is followed too, and told in the log of its run', async () => {
  await serve(repository);
  const renamed = await forge.changeRepository(repository.fullName, { name: `moved-${count}` });

  await remotes.report(repository.id, repository.head);

  expect((await rowOf(repository.id)).remote_url).toBe(renamed.clone_url);
  expect(await messagesOf(repository)).toEqual([expect.stringContaining(`to ${renamed.clone_url}: found by its number`)]);
  expect(await forge.statuses(renamed.full_name, repository.head)).toMatchObject([{ state: 'success' }]);
});

test('a default branch that goes before another takes its place is followed once that is there', async () => {
  await serve(repository);
  await sql`update repositories set default_branch = 'main', seen_ref = 'main' where id = ${repository.id}`.execute(http.database.kysely);
  const move = (ref: string, sha: string | null) =>
    forge.moveRefs({ repository: repository.fullName, updates: [{ ref: `refs/heads/${ref}`, sha }], silent: true });
  await move('trunk', repository.head);
  await move('main', null);
  await expect(remotes.bring(repository.id)).rejects.toMatchObject({ code: 'BRANCH_DELETED' });
  await sql`update lines set error = '{"code": "BRANCH_DELETED"}' where repository_id = ${repository.id}`.execute(http.database.kysely);
  expect(await remotes.look(repository.id)).toBe(0);

  await forge.changeRepository(repository.fullName, { default_branch: 'trunk' });

  expect(await remotes.look(repository.id)).toBe(1);
  expect(await remotes.bring(repository.id)).toMatchObject({ commit: repository.head });
  expect((await rowOf(repository.id)).ref).toBe('trunk');
});
