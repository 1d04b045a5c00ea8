import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { STEPS } from '#steps/reached.ts';
import { TRIGGERS } from '#test/faults/triggers.ts';
import { filesBelow } from '#test/support/files-below.ts';

const SOURCES = fileURLToPath(new URL('../../src', import.meta.url));

it('every step stands in the code once, so that a crash at it is a crash at one place', () => {
  const code = filesBelow(SOURCES)
    .filter(({ path }) => path.endsWith('.ts'))
    .map(({ bytes }) => bytes.toString())
    .join('\n');

  const reached = [...code.matchAll(/\breached\('([^']+)'\)/g)].map(([, step]) => String(step));

  expect(reached.toSorted()).toEqual(STEPS.toSorted());
});

it('the fault runs know how to bring the service to every step', () => {
  expect(Object.keys(TRIGGERS).toSorted()).toEqual(STEPS.toSorted());
});
