import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Account } from '#test/forge/accounts.ts';
import type { Forge } from '#test/forge/forge.ts';
import { readBody, sendAnswer, type Answer, type Exchange } from '#test/forge/http/exchange.ts';
import { errorAnswer, notFound } from '#test/forge/github/errors.ts';
import { appShape } from './shapes.ts';
import { makeApp, type Manifest } from './state.ts';

const CODE_LIFE_MS = 3_600_000;
const PAGE = /^\/(?:organizations\/(?<organization>[^/]+)\/)?settings\/apps\/new$/;
const MOST_NAME = 34;

const manifestSchema = z.strictObject({
  name: z.string().min(1).max(MOST_NAME).optional(),
  url: z.url(),
  hook_attributes: z.strictObject({ url: z.url(), active: z.boolean().optional() }).optional(),
  redirect_url: z.url(),
  callback_urls: z.array(z.url()).max(10).optional(),
  setup_url: z.url().optional(),
  description: z.string().optional(),
  public: z.boolean().optional(),
  default_events: z.array(z.string()).optional(),
  default_permissions: z.record(z.string(), z.enum(['read', 'write'])).optional(),
  request_oauth_on_install: z.boolean().optional(),
  setup_on_update: z.boolean().optional(),
});

export function isManifestPage(pathname: string): boolean {
  return PAGE.test(pathname);
}

/** The page that takes a manifest from a browser's form. Its user confirms at once, and is sent back with a code. */
export async function serveManifestPage(forge: Forge, exchange: Exchange): Promise<void> {
  const { url, method, request } = exchange;
  if (method !== 'POST') return sendAnswer(exchange, { status: 404, text: 'Not Found\n' });
  const form = new URLSearchParams((await readBody(request)).toString());
  const manifest = manifestSchema.safeParse(parse(form.get('manifest') ?? ''));
  if (!manifest.success) return sendAnswer(exchange, { status: 422, text: `Invalid manifest: ${z.prettifyError(manifest.error)}\n` });
  const {
    name = 'app',
    url: home,
    hook_attributes: hook,
    default_permissions: permissions = {},
    default_events: events = [],
  } = manifest.data;
  const organization = PAGE.exec(url.pathname)?.groups?.['organization'];
  const owner: Account =
    organization === undefined
      ? forge.accounts.ensure('somebody')
      : forge.accounts.ensure(decodeURIComponent(organization), 'Organization');
  const code = randomBytes(20).toString('hex');
  const kept: Manifest = { name, url: home, hookUrl: hook?.url ?? null, permissions, events };
  forge.github.apps.manifests.set(code, { manifest: kept, owner, until: new Date(Date.now() + CODE_LIFE_MS) });
  const back = new URL(manifest.data.redirect_url);
  back.searchParams.set('code', code);
  const state = url.searchParams.get('state');
  if (state !== null) back.searchParams.set('state', state);
  await sendAnswer(exchange, { status: 302, headers: { Location: back.href } });
}

/** Once, within an hour: the App with its secrets, which nobody is shown again. */
export function convertManifest(forge: Forge, code: string, now: Date): Answer {
  const { manifests, apps } = forge.github.apps;
  const pending = manifests.get(code);
  manifests.delete(code);
  if (pending === undefined || pending.until <= now) return notFound();
  if ([...apps.values()].some(({ name }) => name.toLowerCase() === pending.manifest.name.toLowerCase()))
    return errorAnswer(422, 'Validation Failed', {
      errors: [{ resource: 'Integration', field: 'name', code: 'custom', message: 'Name has already been taken' }],
    });
  const app = makeApp(forge.nextId(), pending.owner, pending.manifest);
  apps.set(app.id, app);
  const secrets = { client_secret: app.clientSecret, webhook_secret: app.webhookSecret, pem: app.pem };
  return { status: 201, body: { ...appShape(forge.url, app), ...secrets } };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
