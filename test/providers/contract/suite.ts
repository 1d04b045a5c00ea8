import { afterAll, beforeAll, beforeEach, vi } from 'vitest';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { testAnswers } from './answers.ts';
import { testComments } from './comments.ts';
import { testDeliveries } from './deliveries.ts';
import type { Face, Laboratory, Opened } from './face.ts';
import { openLaboratory } from './face.ts';
import { testHooks } from './hooks.ts';
import { testStatuses } from './statuses.ts';

/** What every provider does alike, tried against the forge over HTTP, with a repository of its own for each test. */
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

  const bench = {
    face,
    reader: () => laboratory.reader,
    opened: () => opened,
    apiWithout: async (what: 'hooks' | 'statuses') =>
      opened.apiWith((await face.newToken(opened.forge, opened.remote.full_name, `no-${what}`)).token),
  };
  testAnswers(bench);
  testHooks(bench);
  if (face.remembersDeliveries) testDeliveries(bench);
  testStatuses(bench);
  if (face.commentsOnCommits) testComments(bench);
}
