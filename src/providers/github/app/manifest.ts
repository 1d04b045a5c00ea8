import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { z } from 'zod';
import { Failure, isFailure } from '#domain/failure.ts';
import type { AppConnection, AppRegistration, AppRequest, RegisteredApp } from '#providers/app-contract.ts';
import { isStatus, openCallsWith } from './calls.ts';
import { conversionSchema } from './schema.ts';

/** What the App asks for, in the form that Probot and GitHub read: everything but addresses. */
const MANIFEST = new URL('../../../../app.yml', import.meta.url);

const fileSchema = z.object({
  description: z.string(),
  public: z.boolean(),
  default_permissions: z.record(z.string(), z.enum(['read', 'write'])),
  default_events: z.array(z.string()),
});

/** GitHub's manifest flow (PROVIDERS.md section 6): the form that a browser posts there. */
export function register(request: AppRequest): AppRegistration {
  const { url, account, state } = request;
  const base = account === undefined ? `${url}/settings/apps/new` : `${url}/organizations/${encodeURIComponent(account)}/settings/apps/new`;
  return { action: `${base}?state=${encodeURIComponent(state)}`, field: 'manifest', value: JSON.stringify(toManifest(request)) };
}

function toManifest({ name, homeUrl, hookUrl, redirectUrl }: AppRequest) {
  const file = fileSchema.parse(load(readFileSync(MANIFEST, 'utf8')));
  return {
    name,
    url: homeUrl,
    // Said and not left to a default: Probot's own is the root of the service.
    hook_attributes: { url: hookUrl, active: true },
    redirect_url: redirectUrl,
    description: file.description,
    public: file.public,
    default_permissions: file.default_permissions,
    default_events: file.default_events,
  };
}

/** The App for the code that came back. A code works once and for an hour, so it is never tried twice. */
export async function convert(connection: Pick<AppConnection, 'url' | 'fetch'>, code: string, signal: AbortSignal): Promise<RegisteredApp> {
  const calls = openCallsWith(connection, undefined);
  try {
    const { data } = await calls.call('take over the App that was registered', () =>
      calls.octokit.request('POST /app-manifests/{code}/conversions', { code, request: { signal } }),
    );
    const app = conversionSchema.safeParse(data);
    if (app.success) return app.data;
    throw new Failure('PROVIDER_FAILED', { message: 'GitHub answered an App that cannot be read.' });
  } catch (error) {
    if (isFailure(error) && isStatus(error, 404)) {
      throw new Failure('PROVIDER_REFUSED', {
        message: 'GitHub does not know the code that came back: it was used already, or is older than an hour.',
        help: 'Delete the App at GitHub if it is there, and begin again.',
      });
    }
    throw error;
  }
}
