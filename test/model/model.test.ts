import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { openArena, type Arena } from './arena.ts';
import { applyChanges, importOf, type Files, type Served } from './content.ts';
import { mayServe, moved, observe, startModel, type Model } from './model.ts';
import { runSequence } from './sequence.ts';
import { look } from './settle.ts';

vi.setConfig({ ...PATIENCE, testTimeout: 300_000 });

const good = (value: number): Files => ({ a: { kind: 'good', value } });
const served = (files: Files): readonly Served[] => importOf('p', files) ?? [];

function start(): Model {
  return startModel('p', 'main', { commit: 'c0', files: good(0) });
}

function push(model: Model, commit: string, files: Files): void {
  mayServe(model, files);
  moved(model, { commit, files });
}

describe('the model', () => {
  test('lets any pushed commit be served until a later one was seen', () => {
    const model = start();
    push(model, 'c1', good(1));
    push(model, 'c2', good(2));

    expect(observe(model, served(good(1)))).toBeUndefined();
    expect(observe(model, served(good(0)))).toMatch(/none of/);
    expect(observe(model, served(good(2)))).toBeUndefined();
  });

  test('lets no mix of commits be served', () => {
    const model = start();
    push(model, 'c1', { a: { kind: 'good', value: 1 }, b: { kind: 'good', value: 1 } });

    expect(observe(model, served({ a: { kind: 'good', value: 0 }, b: { kind: 'good', value: 1 } }))).toMatch(/none of/);
  });

  test.each([
    ['a file that is none', { a: { kind: 'good', value: 1 }, c: { kind: 'broken' } }],
    ['two objects of one name', { a: { kind: 'good', value: 1 }, c: { kind: 'clash' } }],
  ] as const)('lets nothing of a commit with %s be served', (_what, files) => {
    const model = start();
    push(model, 'c1', files);

    expect(model.candidates).toEqual([served(good(0))]);
  });

  test('knows that a name is free again when its file is gone', () => {
    const files = applyChanges({ a: { kind: 'good', value: 1 }, c: { kind: 'clash' } }, [{ slot: 'a', state: undefined }]);

    expect(importOf('p', files)).toEqual([{ name: 'p-a', path: 'config_contexts/c.json', data: { value: -1 } }]);
  });
});

describe('the service', () => {
  const scope = openScope();
  let arena: Arena;
  beforeAll(async () => {
    arena = await openArena(scope, TEST_SERVER_URL);
  });
  afterAll(() => scope.close());

  // Repeated by hand: node test/model/run.ts --replay <seed> --commands 12
  test.each([11, 12, 13])('comes to rest as the model says after the random history %i', async (seed) => {
    expect(await runSequence(arena, { seed, maxCommands: 12, shrinkMs: 0 })).toBeUndefined();
    expect(await arena.leftovers()).toEqual([]);
  });

  test('is caught when it serves what the model does not know', async () => {
    const { model, real, end } = await arena.begin('github');
    const { api, forge } = arena.world;
    const files = { 'config_contexts/a.json': '{ "_metadata": { "name": "unknown", "weight": 1000 } }' };

    const { after } = await forge.push({ repository: real.fullName, branch: 'main', files });
    await api.untilServes(real.repositoryId, after);

    await expect(look(model, real)).rejects.toThrow(/none of/);
    await end();
  });
});
