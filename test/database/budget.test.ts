import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'kysely';
import { v4 as uuid } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { BudgetUse, Urgency } from '#credentials/budget/keep-budget.ts';
import { keepBudget } from '#credentials/budget/keep-budget.ts';
import { claimWrite, findBudget, noteBudget, releaseWrite } from '#credentials/budget/store.ts';
import { isFailure } from '#domain/failure.ts';
import { findProvider } from '#providers/registry.ts';
import type { TestHttp } from '#test/support/http.ts';
import { openTestHttp } from '#test/support/http.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { seedToken } from '#test/support/sealed.ts';

vi.setConfig(PATIENCE);
const github = requireProvider('github');
const bitbucket = requireProvider('bitbucket');

let http: TestHttp;
let server: Server;
let url: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let calls: string[];
let credentialId: string;

beforeAll(async () => {
  http = await openTestHttp();
  server = createServer((request, response) => {
    calls.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(async () => {
  calls = [];
  answer = (_, response) => response.end('{}');
  credentialId = await seedToken(http.database, http.hooks.vault, http.start.organizationId, 'secret');
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await http.close();
});

function requireProvider(id: string) {
  const provider = findProvider(id);
  if (provider === undefined) throw new Error(`${id} is no provider`);
  return provider;
}

const waits: string[] = [];
function open(urgency: Urgency, more: Partial<BudgetUse> & { readonly writesPerMinute?: number } = {}) {
  const { writesPerMinute = 6_000, ...use } = more;
  const deps = { database: http.database, writesPerMinute, waited: (_: string, why: string) => void waits.push(why) };
  return keepBudget(deps, http.hooks.through(undefined), { credentialId, provider: github, urgency, ...use });
}

const tell =
  (remaining: number, resetIn = 600) =>
  (_: IncomingMessage, response: ServerResponse) =>
    response
      .writeHead(200, {
        'x-ratelimit-limit': '100',
        'x-ratelimit-remaining': remaining,
        'x-ratelimit-reset': Math.floor(Date.now() / 1_000) + resetIn,
      })
      .end('{}');

async function outcome(work: Promise<unknown>) {
  try {
    await work;
    return 'called';
  } catch (error) {
    return isFailure(error) ? error.code : String(error);
  }
}

describe('a budget', () => {
  test.each<[number, Urgency, string]>([
    [21, 'background', 'called'],
    [20, 'background', 'PROVIDER_BUSY'],
    [20, 'push', 'called'],
    [5, 'push', 'PROVIDER_BUSY'],
    [5, 'change-request', 'called'],
    [1, 'person', 'called'],
    [0, 'person', 'PROVIDER_BUSY'],
    [0, 'change-request', 'PROVIDER_BUSY'],
  ])('of which %i of 100 are left is for %s: %s', async (remaining, urgency, expected) => {
    answer = tell(remaining);
    await open('person')(`${url}/told`);

    expect(await outcome(open(urgency)(`${url}/next`))).toBe(expected);
    expect(calls).toEqual(expected === 'called' ? ['GET /told', 'GET /next'] : ['GET /told']);
  });

  test('that is kept says until when, pauses nobody else, and is shown with the token', async () => {
    answer = tell(3, 600);
    await open('person')(`${url}/`);
    const other = await seedToken(http.database, http.hooks.vault, http.start.organizationId, 'other');

    const failure = await open('push')(`${url}/`).catch((error: unknown) => error);

    expect(failure).toMatchObject({ code: 'PROVIDER_BUSY', next: 'later', retryAfterMs: expect.any(Number) });
    const { retryAfterMs = 0 } = failure as { retryAfterMs?: number };
    expect(retryAfterMs).toBeGreaterThan(500_000);
    expect(retryAfterMs).toBeLessThanOrEqual(602_000);
    expect(await outcome(open('push', { credentialId: other })(`${url}/`))).toBe('called');
    const { body } = await http.call('GET', `/api/organizations/default/git-tokens/${credentialId}/`);
    expect(body.rate).toEqual({ limit: 100, remaining: 3, reset_at: expect.any(String) });
    expect(waits).toContain('budget');
  });

  test('is whole again when its time is over, whatever was left', async () => {
    answer = tell(0);
    await open('person')(`${url}/`);
    await sql`update rate_budgets set reset_at = clock_timestamp() - interval '1 second' where credential_id = ${credentialId}`.execute(
      http.database.kysely,
    );

    expect(await outcome(open('background')(`${url}/`))).toBe('called');
  });

  test('is the least that answers say of it, in whichever order they come', async () => {
    const told = { most: 100, resetInMs: 600_000, isNearLimit: false };
    for (const remaining of [40, 38, 39]) await noteBudget(http.database, credentialId, { ...told, remaining });
    expect((await findBudget(http.database, credentialId))?.remaining).toBe(38);

    await noteBudget(http.database, credentialId, { ...told, remaining: 99, resetInMs: 3_000_000 });
    expect((await findBudget(http.database, credentialId))?.remaining).toBe(99);
  });

  test('without a number is kept from the background alone where less than a fifth is left', async () => {
    answer = (_, response) => response.writeHead(200, { 'x-ratelimit-limit': '1000', 'x-ratelimit-nearlimit': 'true' }).end('{}');
    const use = { provider: bitbucket };
    await open('push', use)(`${url}/`);

    expect([await outcome(open('push', use)(`${url}/`)), await outcome(open('background', use)(`${url}/`))]).toEqual([
      'called',
      'PROVIDER_BUSY',
    ]);
  });
});

describe('writes', () => {
  const spacing = { everyMs: 1_000, burst: 20 };
  const claim = (writer = uuid(), hourly?: typeof spacing) => claimWrite(http.database, { credentialId, writer }, spacing, hourly);
  async function take(hourly?: typeof spacing): Promise<number> {
    const writer = uuid();
    const wait = await claim(writer, hourly);
    await releaseWrite(http.database, credentialId, writer);
    return wait;
  }

  test('with one credential are made one after the other, whoever makes them', async () => {
    let now = 0;
    let most = 0;
    answer = (request, response) => {
      most = Math.max(most, ++now);
      request.resume().on('end', () => {
        now--;
        response.end('{}');
      });
    };

    await Promise.all(Array.from({ length: 8 }, (_, at) => open('push')(`${url}/statuses/${at}`, { method: 'POST', body: '{}' })));

    expect([calls.length, most]).toEqual([8, 1]);
  });

  test('may come at once a few times, and then one a second', async () => {
    const waited = [];
    for (let write = 0; write < 22; write++) waited.push(await take());

    expect(waited.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 0));
    expect(waited[21]).toBeGreaterThan(0);
    expect(waited[21]).toBeLessThanOrEqual(1_000);
  });

  test('of what people see appear are counted by the hour besides', async () => {
    const hour = { everyMs: 8_000, burst: 2 };

    expect([await take(hour), await take(hour)]).toEqual([0, 0]);
    expect(await take(hour)).toBeGreaterThan(1_000);
    expect(await take()).toBe(0);
  });

  test('go on where whoever was writing is gone', async () => {
    expect(await claim()).toBe(0);
    expect(await claim()).toBeGreaterThan(0);
    await sql`update rate_budgets set writer_until = clock_timestamp() where credential_id = ${credentialId}`.execute(http.database.kysely);

    expect(await claim()).toBe(0);
  });

  test('that would wait for long are given back to the queue with when, and no call is made', async () => {
    await sql`
      insert into rate_budgets (credential_id, organization_id, next_write_at)
      values (${credentialId}, ${http.start.organizationId}, clock_timestamp() + interval '90 seconds')`.execute(http.database.kysely);

    const failure = await open('push', { writesPerMinute: 60 })(`${url}/`, { method: 'POST', body: '{}' }).catch((error: unknown) => error);

    expect(failure).toMatchObject({ code: 'PROVIDER_BUSY', next: 'later' });
    expect((failure as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(60_000);
    expect(calls).toEqual([]);
    expect(await outcome(open('push', { writesPerMinute: 60 })(`${url}/`))).toBe('called');
  });

  test('are free where the operator says so', async () => {
    await claim();

    expect(await outcome(open('push', { writesPerMinute: 0 })(`${url}/`, { method: 'POST', body: '{}' }))).toBe('called');
  });
});
