import type { ContentKind } from '#domain/content.ts';
import type { Links } from '#domain/links.ts';
import { naturalSlug } from '#domain/slug.ts';
import { printTime } from '#domain/time.ts';
import type { ContentRow } from './store.ts';

type Shape = Readonly<Record<string, unknown>>;

const OBJECT_TYPES = {
  'config-context': 'extras.configcontext',
  'local-config-context': 'extras.localconfigcontext',
  'config-context-schema': 'extras.configcontextschema',
  'export-template': 'extras.exporttemplate',
} as const satisfies Record<ContentKind, string>;

/** Scopes of a config context, each as a list of its own (document 002). */
const SCOPES = [
  'locations',
  'roles',
  'device_types',
  'device_families',
  'platforms',
  'cluster_groups',
  'clusters',
  'tenant_groups',
  'tenants',
  'tags',
  'dynamic_groups',
  'device_redundancy_groups',
];

/** A served object as every interface shows it: document 002's keys in its order, then where it comes from. */
export function toContent(links: Links, kind: ContentKind, row: ContentRow): Shape {
  const body = asObject(row.body);
  const name = typeof body['name'] === 'string' ? body['name'] : row.name;
  const id = row.object_id;
  return {
    id,
    object_type: OBJECT_TYPES[kind],
    display: `[${row.repository_name}] ${displayName(kind, name, body)}`,
    url: links.content(kind, id),
    natural_slug: naturalSlug(name, id),
    owner_content_type: 'extras.gitrepository',
    owner: { id: row.repository_id, object_type: 'extras.gitrepository', url: links.repository(row.repository_id) },
    name,
    owner_object_id: row.repository_id,
    ...fieldsOf(kind, body),
    created: printTime(row.created_at),
    last_updated: printTime(row.changed_at),
    repository: row.repository_name,
    branch: row.branch,
    commit: row.commit_id,
    path: row.path,
    line: row.line_number,
  };
}

function displayName(kind: ContentKind, name: string, body: Shape): string {
  if (kind !== 'export-template') return name;
  const [grouping = '', model = ''] = String(body['content_type']).split('.');
  return `${grouping} | ${model}: ${name}`;
}

function fieldsOf(kind: ContentKind, body: Shape): Shape {
  switch (kind) {
    case 'config-context': {
      const scope = asObject(body['scope']);
      return {
        weight: body['weight'],
        description: body['description'],
        is_active: body['is_active'],
        data: body['data'],
        config_context_schema: body['config_context_schema'],
        ...Object.fromEntries(SCOPES.map((key) => [key, scope[key] ?? []])),
      };
    }
    case 'local-config-context':
      return { target: body['target'], data: body['data'] };
    case 'config-context-schema':
      return { description: body['description'], data_schema: body['data_schema'] };
    case 'export-template':
      return {
        content_type: body['content_type'],
        description: body['description'],
        template_code: body['template_code'],
        mime_type: body['mime_type'],
        file_extension: body['file_extension'],
      };
  }
}

function asObject(value: unknown): Shape {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
