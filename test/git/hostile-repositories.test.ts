import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Outcome } from '#test/hostile/read-all.ts';
import { readAll } from '#test/hostile/read-all.ts';
import { HOSTILE_REPOSITORIES } from '#test/hostile/repositories/all.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';

vi.setConfig(PATIENCE);
const ALL_WITHIN_MS = 900_000;
const scope = openScope();
const outcomes = new Map<string, Outcome>();
/** The others take seconds or much memory each: `node test/faults/hostile-repositories.ts` reads them too, and measures all. */
const light = HOSTILE_REPOSITORIES.filter(({ isHeavy }) => isHeavy !== true);

beforeAll(async () => {
  for await (const outcome of readAll(scope, light, { isFresh: false })) outcomes.set(outcome.name, outcome);
}, ALL_WITHIN_MS);
afterAll(() => scope.close());

describe('a repository that means harm ends as it should, and leaves, runs and reaches nothing', () => {
  test.each(light.map(({ name }) => name))('%s', (name) => {
    expect(outcomes.get(name)?.problems).toEqual([]);
  });
});

test('there are more than sixty of them, each with a name of its own', () => {
  expect(new Set(HOSTILE_REPOSITORIES.map(({ name }) => name)).size).toBe(HOSTILE_REPOSITORIES.length);
  expect(light.length).toBeGreaterThan(60);
});
