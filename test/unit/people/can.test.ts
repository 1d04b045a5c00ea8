import { expect, test } from 'vitest';
import { ROLES } from '#domain/words.ts';
import type { Role } from '#domain/words.ts';
import type { Actor } from '#people/actor.ts';
import { ACTIONS, can } from '#people/can.ts';
import type { Action } from '#people/can.ts';

const actorWith = (role: Role): Actor => ({
  organizationId: 'mine',
  organizationSlug: 'mine',
  userId: 'user',
  role,
  via: 'api-token',
});
const every = Object.keys(ACTIONS) as readonly Action[];
const allowed = (role: Role): readonly Action[] => every.filter((action) => can(actorWith(role), action, { organizationId: 'mine' }));

test('owner and admin may do everything there is so far, devops all but re-key the secrets of every organization and register GitHub Apps', () => {
  expect([allowed('owner'), allowed('admin')]).toEqual([every, every]);
  expect(allowed('devops')).toEqual(every.filter((action) => action !== 'installation:rekey' && action !== 'github-app:manage'));
});

test('a viewer may look, but not at tokens and deliveries', () => {
  expect(allowed('viewer').toSorted()).toEqual(['content:view', 'hook:view', 'metrics:view', 'repository:view', 'run:view', 'user:view']);
});

test('nobody may do anything with what belongs to another organization', () => {
  const outcomes = ROLES.flatMap((role) => every.map((action) => can(actorWith(role), action, { organizationId: 'theirs' })));

  expect(outcomes.some((outcome) => outcome)).toBe(false);
});

test.each(['', 'everything', 'toString', '__proto__', 'constructor'])('nobody may do %j, which is no action', (action) => {
  expect(can(actorWith('owner'), action as Action, { organizationId: 'mine' })).toBe(false);
});
