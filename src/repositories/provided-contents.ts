import { PROVIDED_CONTENTS } from '#domain/content.ts';

/** What `provided_contents` may hold, in the order of import. The last two are accepted because clients send them; nothing imports them yet. */
export const CONTENT_CHOICES = [
  'extras.configcontextschema',
  'extras.configcontext',
  'extras.job',
  'extras.exporttemplate',
  'extras.graphqlquery',
] as const;

/** The stored list as it is returned: absent means all of them. */
export function returnedContents(stored: readonly string[] | null): readonly string[] {
  return stored ?? CONTENT_CHOICES;
}

export function isContentChoice(text: string): boolean {
  return CONTENT_CHOICES.some((choice) => choice === text);
}

/** What two repositories would both provide. Only what is really imported can collide. */
export function overlap(one: readonly string[] | null, other: readonly string[] | null): readonly string[] {
  return Object.keys(PROVIDED_CONTENTS).filter((choice) => provides(one, choice) && provides(other, choice));
}

function provides(stored: readonly string[] | null, choice: string): boolean {
  return stored === null || stored.includes(choice);
}
