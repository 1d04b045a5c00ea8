import { describe, expect, test } from 'vitest';
import { createsContent, readBudget as readGithub } from '#providers/github/budget.ts';
import { readBudget as readGitlab } from '#providers/gitlab/budget.ts';
import { readBudget as readBitbucket } from '#providers/bitbucket/budget.ts';

const NOW = new Date('2026-11-25T12:00:00Z');
const inSeconds = (seconds: number): string => String(NOW.getTime() / 1_000 + seconds);
const github = (fields: Record<string, string>) => readGithub(new Headers({ 'x-ratelimit-limit': '5000', ...fields }), NOW);

describe('GitHub', () => {
  test('tells how much of the hour is left, and when the next one begins by its own clock', () => {
    const told = github({ 'x-ratelimit-remaining': '4321', 'x-ratelimit-reset': inSeconds(600), date: 'Wed, 25 Nov 2026 12:05:00 GMT' });

    expect(told).toEqual({ most: 5_000, remaining: 4_321, resetInMs: 300_000, isNearLimit: false });
  });

  test.each(['search', 'graphql', 'code_search'])('has another count for %s, which says nothing of the API', (resource) => {
    expect(github({ 'x-ratelimit-remaining': '0', 'x-ratelimit-resource': resource })).toBeUndefined();
  });

  test.each([
    [{}, undefined],
    [{ 'x-ratelimit-remaining': 'none' }, undefined],
    [{ 'x-ratelimit-remaining': '-1' }, undefined],
    [{ 'x-ratelimit-remaining': '1e3' }, undefined],
    [
      { 'x-ratelimit-remaining': '7', 'x-ratelimit-reset': 'soon' },
      { remaining: 7, resetInMs: undefined },
    ],
    [{ 'x-ratelimit-remaining': '7', 'x-ratelimit-reset': '999999999999' }, { resetInMs: 3_600_000 }],
    [{ 'x-ratelimit-remaining': '7', 'x-ratelimit-reset': '0' }, { resetInMs: 1_000 }],
  ])('is not believed what makes no sense (%#)', (fields, expected) => {
    const told = github(fields);

    if (expected === undefined) expect(told).toBeUndefined();
    else expect(told).toMatchObject(expected);
  });

  test.each([
    ['POST', '/repos/acme/app/issues/7/comments', true],
    ['POST', '/api/v3/repos/acme/app/commits/abc/comments', true],
    ['POST', '/repos/acme/app/pulls', true],
    ['PATCH', '/repos/acme/app/issues/comments/7', false],
    ['POST', '/repos/acme/app/statuses/abc', false],
    ['POST', '/repos/acme/app/hooks', false],
    ['GET', '/repos/acme/app/issues/7/comments', false],
  ])('counts %s %s among what people see appear: %s', (method, path, expected) => {
    expect(createsContent(method, path)).toBe(expected);
  });
});

test('GitLab tells how much of the minute is left, where it tells anything', () => {
  const headers = { 'ratelimit-limit': '2000', 'ratelimit-remaining': '12', 'ratelimit-reset': inSeconds(30) };

  expect(readGitlab(new Headers(headers), NOW)).toEqual({ most: 2_000, remaining: 12, resetInMs: 30_000, isNearLimit: false });
  expect(readGitlab(new Headers(), NOW)).toBeUndefined();
});

test('Bitbucket tells only that less than a fifth is left', () => {
  const told = { most: 1_000, remaining: undefined, resetInMs: undefined };

  expect(readBitbucket(new Headers({ 'x-ratelimit-limit': '1000', 'x-ratelimit-nearlimit': 'true' }))).toEqual({
    ...told,
    isNearLimit: true,
  });
  expect(readBitbucket(new Headers({ 'x-ratelimit-limit': '1000' }))).toEqual({ ...told, isNearLimit: false });
  expect(readBitbucket(new Headers())).toBeUndefined();
});
