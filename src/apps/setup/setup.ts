import { createHash, randomBytes } from 'node:crypto';
import { v7 as newId } from 'uuid';
import type { CheckUrl } from '#credentials/server-url.ts';
import { parseServerUrl } from '#credentials/server-url.ts';
import { printTime } from '#domain/time.ts';
import { refuseFields } from '#domain/refusal.ts';
import type { Refusal } from '#domain/refusal.ts';
import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import { Failure } from '#domain/failure.ts';
import type { AppRegistration } from '#providers/app-contract.ts';
import type { AppDeps } from '#apps/manage.ts';
import { appsOf } from '#apps/open.ts';
import { saveApp } from '#apps/save.ts';
import { findAppByRemote } from '#apps/store.ts';
import { claimSetup, insertSetup, useSetup } from './store.ts';

export interface SetupDeps extends AppDeps {
  readonly checkUrl: CheckUrl;
}

export interface SetupInput {
  readonly url?: string | undefined;
  readonly account?: string | undefined;
  readonly name?: string | undefined;
}

/** A registration that was begun: the page to open, in one browser, within the hour. */
export interface StartedSetup {
  readonly url: string;
  readonly expires_at: string;
}

const DEFAULT_URL = 'https://github.com';
/** GitHub's limit for the name of an App. */
const MOST_NAME = 34;
const LOGIN = /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98}[A-Za-z0-9])?$/;
const SECRET_BYTES = 32;

/** Begins the registration of an App. Whoever has the address it answers with may go on, so it is good for one browser and one hour. */
export async function beginSetup(
  deps: SetupDeps,
  actor: { readonly organizationId: string; readonly organizationSlug: string; readonly userId: string | null },
  { url: given = DEFAULT_URL, account, name = `tributary-${actor.organizationSlug}`.slice(0, MOST_NAME) }: SetupInput,
): Promise<Result<StartedSetup, Refusal>> {
  const url = parseServerUrl(given, deps.checkUrl);
  const errors = {
    ...(url.ok ? {} : { url: [url.error] }),
    ...(account === undefined || LOGIN.test(account) ? {} : { account: ['Is no login of an organization.'] }),
    ...(name.trim() !== '' && name.length <= MOST_NAME ? {} : { name: [`Must have 1 to ${MOST_NAME} characters.`] }),
  };
  if (!url.ok || Object.keys(errors).length > 0) return err(refuseFields(errors));
  const ticket = newSecret();
  const until = await insertSetup(deps.database, {
    id: newId(),
    organization_id: actor.organizationId,
    user_id: actor.userId,
    url: url.value,
    account: account ?? null,
    name: name.trim(),
    ticket_hash: hashOf(ticket),
  });
  return ok({ url: `${deps.links.root}${SETUP_PATH}${ticket}`, expires_at: printTime(until) });
}

export const SETUP_PATH = '/github-apps/setup/';
export const CALLBACK_PATH = '/github-apps/callback';

export interface OpenedSetup {
  readonly registration: AppRegistration;
  /** What the browser is to show when it comes back. */
  readonly browser: string;
}

/** The form for the browser that came first; undefined for every other, and when it is over. */
export async function openSetup(deps: SetupDeps, ticket: string, before: string | undefined): Promise<OpenedSetup | undefined> {
  const [browser, state] = [newSecret(), newSecret()];
  const setup = await claimSetup(deps.database, hashOf(ticket), {
    before: before === undefined ? undefined : hashOf(before),
    browser: hashOf(browser),
    state: hashOf(state),
  });
  if (setup === undefined) return undefined;
  const { id, url, account, name } = setup;
  const { links } = deps;
  const addresses = { homeUrl: links.root, hookUrl: links.hook('github', id), redirectUrl: `${links.root}${CALLBACK_PATH}` };
  return { registration: appsOf(deps).register({ url, account: account ?? undefined, name, state, ...addresses }), browser };
}

export interface EndedSetup {
  readonly name: string;
  readonly installUrl: string;
}

const CONVERT_WITHIN_MS = 15_000;

/**
 * Takes the App over for the code that GitHub sent the browser back with. Undefined where the state is none, was used, or is another
 * browser's: nothing is asked of GitHub then. Throws Failure for what GitHub says, and nothing is kept.
 */
export async function endSetup(
  deps: SetupDeps,
  { code, state, browser }: { readonly code: string; readonly state: string; readonly browser: string },
): Promise<EndedSetup | undefined> {
  const setup = await useSetup(deps.database, { state: hashOf(state), browser: hashOf(browser) });
  if (setup === undefined) return undefined;
  const provider = appsOf(deps);
  const { url, id, organization_id: organizationId } = setup;
  const app = await provider.convert({ url, fetch: deps.fetch }, code, AbortSignal.timeout(CONVERT_WITHIN_MS));
  const { webhookSecret } = app;
  // Whoever checks deliveries with an empty secret takes them from anybody.
  if (webhookSecret === undefined || webhookSecret === '')
    throw new Failure('PROVIDER_FAILED', {
      message: 'GitHub gave the App no webhook secret, so nothing that it delivers could be checked.',
    });
  await deps.database.transaction(async (tx) => {
    if ((await findAppByRemote(tx, organizationId, url, app.id)) !== undefined)
      throw new Failure('PROVIDER_REFUSED', { message: 'GitHub gave an App that is registered here already.' });
    await saveApp(deps, tx, { ...app, id, hookId: id, organizationId, url, remoteId: app.id, webhookSecret, source: 'manifest' });
  });
  return { name: app.name, installUrl: provider.installUrl({ url, slug: app.slug, webUrl: app.webUrl }) };
}

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

/** Of 256 random bits, so no slow hash is needed. */
function hashOf(secret: string): Uint8Array {
  return createHash('sha256').update(secret).digest();
}
