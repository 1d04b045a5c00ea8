import { z } from 'zod';
import { printTime, printTimeOrNull } from '#domain/time.ts';
import type { Auth } from '#http/auth.ts';
import type { HttpDeps } from '#http/deps.ts';
import { readListQuery, toPage } from '#http/query.ts';
import { NOTIFICATION_EVENTS } from '#notify/events.ts';
import { NOTIFICATION_FIELDS, listNotifications } from '#notify/store.ts';
import { changeTarget, createTarget, readTarget, readTargets, removeTarget, sendAgain, testTarget } from '#notify/targets/manage.ts';
import { TARGET_FIELDS } from '#notify/targets/store.ts';
import type { Api } from './shared.ts';
import { listQuery, requireId, unwrap } from './shared.ts';

const tags = ['notifications'];
const inOrganization = z.object({ org: z.string() });
const oneOf = z.object({ org: z.string(), id: z.string() });
const WHAT = 'notification target';

const fields = {
  name: z.string(),
  kind: z.enum(['webhook', 'email']),
  enabled: z.boolean(),
  events: z
    .array(z.string())
    .nullable()
    .describe(`What it hears of: ${NOTIFICATION_EVENTS.join(', ')}; all unless said.`),
  url: z.string().describe('Of a webhook. Never returned whole: the path may be a secret.'),
  secret: z.string().describe('Signs webhooks (Standard Webhooks): whsec_ and base64. Made here unless given, and shown once.'),
  to: z.array(z.string()).describe('Addresses of an e-mail target.'),
  from: z.string().nullable().describe('Sender; SMTP_FROM unless said.'),
  smtp_url: z.string().nullable().describe('smtps://user:password@host:port; SMTP_URL unless said. Never returned.'),
};
const changed = z.strictObject(fields).partial();
const created = changed.extend({ name: fields.name, kind: fields.kind });

/** Who is told of what happens to tokens, and what became of it. */
export function registerNotifications(api: Api, deps: HttpDeps, auth: Auth): void {
  api.get(
    '/organizations/:org/notification-targets',
    {
      config: { action: 'notification:view' },
      schema: { tags, params: inOrganization, querystring: listQuery, summary: 'List notification targets' },
    },
    async (request) => {
      const query = readListQuery(request, TARGET_FIELDS);
      const { count, items } = await readTargets(deps.notifications, auth.actorOf(request), query);
      return toPage(deps.links, request, query, count, items);
    },
  );
  api.post(
    '/organizations/:org/notification-targets',
    {
      config: { action: 'notification:manage' },
      schema: { tags, params: inOrganization, body: created, summary: 'Keep a notification target' },
    },
    async (request, reply) => reply.code(201).send(unwrap(await createTarget(deps.notifications, auth.actorOf(request), request.body))),
  );
  api.get(
    '/organizations/:org/notification-targets/:id',
    { config: { action: 'notification:view' }, schema: { tags, params: oneOf, summary: 'Read a notification target, never its secret' } },
    async (request) => unwrap(await readTarget(deps.notifications, auth.actorOf(request), requireId(request.params.id, WHAT))),
  );
  api.patch(
    '/organizations/:org/notification-targets/:id',
    {
      config: { action: 'notification:manage' },
      schema: { tags, params: oneOf, body: changed, summary: 'Change a notification target' },
    },
    async (request) =>
      unwrap(await changeTarget(deps.notifications, auth.actorOf(request), requireId(request.params.id, WHAT), request.body)),
  );
  api.delete(
    '/organizations/:org/notification-targets/:id',
    { config: { action: 'notification:manage' }, schema: { tags, params: oneOf, summary: 'Delete a notification target and its log' } },
    async (request, reply) => {
      unwrap(await removeTarget(deps.notifications, auth.actorOf(request), requireId(request.params.id, WHAT)));
      return reply.code(204).send();
    },
  );
  api.post(
    '/organizations/:org/notification-targets/:id/test',
    { config: { action: 'notification:manage' }, schema: { tags, params: oneOf, summary: 'Send a test to a notification target' } },
    async (request, reply) => {
      const owner = { organizationId: auth.actorOf(request).organizationId, slug: request.params.org };
      return reply.code(202).send(unwrap(await testTarget(deps.notifications, owner, requireId(request.params.id, WHAT))));
    },
  );
  registerLog(api, deps, auth);
}

function registerLog(api: Api, deps: HttpDeps, auth: Auth): void {
  api.get(
    '/organizations/:org/notifications',
    {
      config: { action: 'notification:view' },
      schema: { tags, params: inOrganization, querystring: listQuery, summary: 'List notifications and what became of them, newest first' },
    },
    async (request) => {
      const query = readListQuery(request, NOTIFICATION_FIELDS);
      const { count, rows } = await listNotifications(deps.database, auth.actorOf(request).organizationId, query);
      const results = rows.map((row) => ({
        id: row.id,
        event: row.event,
        target: { id: row.target_id, name: row.target_name },
        credential_id: row.credential_id,
        status: row.status,
        attempts: row.attempts,
        detail: row.detail,
        payload: row.payload,
        created_at: printTime(row.created_at),
        delivered_at: printTimeOrNull(row.delivered_at),
      }));
      return toPage(deps.links, request, query, count, results);
    },
  );
  api.post(
    '/organizations/:org/notifications/:id/retry',
    { config: { action: 'notification:manage' }, schema: { tags, params: oneOf, summary: 'Send a notification again that was given up' } },
    async (request, reply) =>
      reply
        .code(202)
        .send(unwrap(await sendAgain(deps.notifications, auth.actorOf(request), requireId(request.params.id, 'notification')))),
  );
}
