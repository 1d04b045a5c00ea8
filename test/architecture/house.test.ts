import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { JOBS, JOB_NAMES } from '#queue/jobs.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

it('numbers migrations without a gap, so that two branches collide in Git and not in production', () => {
  const names = readdirSync(join(ROOT, 'migrations')).toSorted();

  expect(names.length).toBeGreaterThan(0);
  expect(names.map((name) => /^(\d{4})-[a-z0-9-]+\.ts$/.exec(name)?.[1])).toEqual(names.map((_, at) => String(at + 1).padStart(4, '0')));
});

it('lists every job once', () => {
  expect(JOB_NAMES.toSorted()).toEqual(Object.keys(JOBS).toSorted());
});
