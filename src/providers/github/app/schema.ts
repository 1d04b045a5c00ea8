import { z } from 'zod';
import type { InstalledRepository } from '#domain/event.ts';
import type { RemoteApp, RemoteInstallation } from '#providers/app-contract.ts';

/** Only the fields that are used, each with a bound: what is kept of them is shown. */

const id = z.union([z.int(), z.string().regex(/^\d{1,20}$/)]).transform(String);
const name = z.string().min(1).max(300);
const webUrl = z.url({ protocol: /^https?$/ }).max(2_048);

export const account = z.object({ id, login: name, type: z.string().max(40).default('Organization') });

export const appSchema = z
  .object({ id, slug: name, name, owner: z.object({ login: name }).nullish(), html_url: webUrl })
  .transform((app): RemoteApp => ({
    id: app.id,
    slug: app.slug,
    name: app.name,
    ownerLogin: app.owner?.login,
    webUrl: app.html_url,
  }));

export const installationSchema = z
  .object({
    id,
    account,
    repository_selection: z.enum(['all', 'selected']).catch('selected'),
    permissions: z.record(z.string().max(100), z.string().max(40)).default({}),
    suspended_at: z.iso.datetime({ offset: true }).nullish(),
    html_url: webUrl.nullish(),
  })
  .transform((installation): RemoteInstallation => ({
    id: installation.id,
    account: installation.account,
    selection: installation.repository_selection,
    permissions: installation.permissions,
    suspendedAt: installation.suspended_at == null ? undefined : new Date(installation.suspended_at),
    webUrl: installation.html_url ?? undefined,
  }));

export const tokenSchema = z.object({ token: z.string().min(1).max(4_000), expires_at: z.iso.datetime({ offset: true }) });

export const repositoryEntry = z
  .object({ id, full_name: name, private: z.boolean().default(true) })
  .transform((entry): InstalledRepository => ({ id: entry.id, fullName: entry.full_name, isPrivate: entry.private }));

export const repositoriesSchema = z.object({ repositories: z.array(repositoryEntry) });

export const conversionSchema = z
  .object({
    id,
    slug: name,
    name,
    owner: z.object({ login: name }).nullish(),
    html_url: webUrl,
    pem: z.string().min(1).max(20_000),
    webhook_secret: z.string().max(1_000).nullish(),
    client_id: z.string().max(200).nullish(),
    client_secret: z.string().max(1_000).nullish(),
  })
  .transform((app) => ({
    id: app.id,
    slug: app.slug,
    name: app.name,
    ownerLogin: app.owner?.login,
    webUrl: app.html_url,
    privateKey: app.pem,
    webhookSecret: app.webhook_secret ?? undefined,
    clientId: app.client_id ?? undefined,
    clientSecret: app.client_secret ?? undefined,
  }));

const repository = z.object({ id, full_name: name, default_branch: z.string().optional(), clone_url: z.string().optional() });
const sender = z.object({ login: name }).nullish();
const installation = z.object({ id, account });

export const installationEvent = z.object({
  action: z.string(),
  installation,
  repositories: z.array(repositoryEntry).default([]),
});

export const installationRepositoriesEvent = z.object({
  action: z.string(),
  installation,
  repositories_added: z.array(repositoryEntry).default([]),
  repositories_removed: z.array(repositoryEntry).default([]),
});

export const installationTargetEvent = z.object({ action: z.string(), installation: z.object({ id }), account });

export const checkRunEvent = z.object({ action: z.string(), check_run: z.object({ head_sha: z.string() }), repository, sender });
export const checkSuiteEvent = z.object({ action: z.string(), check_suite: z.object({ head_sha: z.string() }), repository, sender });
