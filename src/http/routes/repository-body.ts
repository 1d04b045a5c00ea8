import { z } from 'zod';
import { networkInput } from '#credentials/network/settings.ts';
import { ADMIN_STATUSES, UPDATE_POLICIES } from '#domain/words.ts';
import type { RepositoryInput } from '#repositories/input.ts';

const text = (most: number) => z.string().max(most);
/** Another object by id or name, or as answers show it: clients send back what they were given. */
const reference = z.union([text(255), z.looseObject({ id: text(64) }), z.looseObject({ name: text(255) })]);

const fields = {
  name: text(255),
  slug: text(255),
  remote_url: text(2_048),
  branch: text(255).describe('Another name of ref.'),
  ref: text(255).describe('Branch, tag or commit that is followed.'),
  commit: text(64).nullable().describe('One commit to stay at.'),
  provided_contents: z.array(text(100)).max(100).nullable().describe('Kinds of content to import; null or absent means all.'),
  credential: reference.nullable().describe('Id or name of a credential.'),
  secrets_group: reference.nullable().describe('Another name of credential.'),
  credential_mode: z.enum(['organization', 'personal']),
  path_prefix: text(1_024),
  update_policy: z.enum(UPDATE_POLICIES),
  admin_status: z.enum(ADMIN_STATUSES),
  description: text(2_000),
  tags: z.array(reference).max(100),
  kind: text(20),
  network: networkInput.nullable().describe('How its server is reached; what it says wins over the credential.'),
};

/** Document 002's fields and ours. Loose, because fields that the service owns are ignored here, as that document's clients expect. */
export const repositoryBody = z.looseObject(fields).partial().meta({ id: 'RepositoryInput' });

/** What answers hold and only the service sets. */
const SERVER_OWNED = [
  'id',
  'object_type',
  'display',
  'url',
  'natural_slug',
  'current_head',
  'created',
  'last_updated',
  'notes_url',
  'custom_fields',
  'computed_fields',
  'relationships',
  'provider',
  'default_branch',
  'operational_status',
  'sync_status',
  'webhook',
  'warnings',
];

/** The body as the room reads it. */
export function toRepositoryInput(body: z.infer<typeof repositoryBody>): RepositoryInput {
  const { credential, secrets_group: group, tags, ...plain } = body;
  return {
    ...plain,
    ...(credential === undefined ? {} : { credential: credential === null ? null : nameOf(credential, ['id', 'name']) }),
    ...(group === undefined ? {} : { secrets_group: group === null ? null : nameOf(group, ['id', 'name']) }),
    ...(tags === undefined ? {} : { tags: [...new Set(tags.map((tag) => nameOf(tag, ['name', 'id'])))] }),
  };
}

/** A word for every field that means nothing: it was meant to do something, and did not. */
export function warnOfUnknown(body: z.infer<typeof repositoryBody>): readonly string[] {
  return Object.keys(body)
    .filter((key) => !Object.hasOwn(fields, key) && !SERVER_OWNED.includes(key))
    .map((key) => `The field ${JSON.stringify(key.slice(0, 100))} is not known and was ignored.`);
}

function nameOf(value: string | Readonly<Record<string, unknown>>, keys: readonly string[]): string {
  if (typeof value === 'string') return value;
  return keys.map((key) => value[key]).find((part) => typeof part === 'string') ?? '';
}
