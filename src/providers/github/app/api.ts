import { z } from 'zod';
import { Failure } from '#domain/failure.ts';
import type { InstalledRepository } from '#domain/event.ts';
import type { AppApi, AppConnection, MintedToken, RemoteInstallation } from '#providers/app-contract.ts';
import { isStatus, openAppCalls, openCallsWith } from './calls.ts';
import type { AppCalls } from './calls.ts';
import { appSchema, installationSchema, repositoriesSchema, tokenSchema } from './schema.ts';

const PER_PAGE = 100;
/** A server whose pages never end is not followed; 100,000 repositories are more than an installation has. */
const MOST_PAGES = 1_000;

/** A GitHub App at GitHub, or at an Enterprise Server by its URL: PROVIDERS.md 1.1. */
export function connectApp(connection: AppConnection): AppApi {
  const calls = openAppCalls(connection);
  return {
    async readApp(signal) {
      const { data } = await calls.call('read the App', () => calls.octokit.request('GET /app', { request: { signal } }));
      return parse(appSchema, data);
    },
    listInstallations: (signal) => listInstallations(calls, signal),
    readInstallation: (id, signal) => readInstallation(calls, id, signal),
    mintToken: (id, signal) => mintToken(calls, id, signal),
    listRepositories: (token, signal) => listRepositories(openCallsWith(connection, token), signal),
  };
}

async function listInstallations(calls: AppCalls, signal: AbortSignal): Promise<readonly RemoteInstallation[]> {
  const found: RemoteInstallation[] = [];
  for (let page = 1; page <= MOST_PAGES; page++) {
    const { data } = await calls.call('list the installations of the App', () =>
      calls.octokit.request('GET /app/installations', { per_page: PER_PAGE, page, request: { signal } }),
    );
    const read = parse(z.array(installationSchema), data);
    found.push(...read);
    if (read.length < PER_PAGE) break;
  }
  return found;
}

async function readInstallation(calls: AppCalls, id: string, signal: AbortSignal): Promise<RemoteInstallation | undefined> {
  try {
    const { data } = await calls.call('read the installation of the App', () =>
      calls.octokit.request('GET /app/installations/{installation_id}', { installation_id: Number(id), request: { signal } }),
    );
    return parse(installationSchema, data);
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

async function mintToken(calls: AppCalls, id: string, signal: AbortSignal): Promise<MintedToken> {
  try {
    const { data, headers } = await calls.call('get a token for the installation of the App', () =>
      calls.octokit.request('POST /app/installations/{installation_id}/access_tokens', {
        installation_id: Number(id),
        request: { signal },
      }),
    );
    const { token, expires_at } = parse(tokenSchema, data);
    return { token, livesMs: Math.max(0, Date.parse(expires_at) - clockOf(headers.date)) };
  } catch (error) {
    if (isStatus(error, 404)) throw revoked('The App was uninstalled from the account at GitHub.', 'Install the App again.', error);
    if (isStatus(error, 403) && !(error instanceof Failure && error.code === 'RATE_LIMITED'))
      throw revoked('The installation of the App is suspended at GitHub.', 'Unsuspend it in the settings of the account at GitHub.', error);
    throw error;
  }
}

/** The provider's own clock: it set the end by this one, and ours may differ. */
function clockOf(date: string | undefined): number {
  const told = Date.parse(date ?? '');
  return Number.isNaN(told) ? Date.now() : told;
}

function revoked(message: string, help: string, cause: unknown): Failure {
  return new Failure('AUTH_REVOKED', { message, help: `${help} The repositories then go on by themselves.`, cause });
}

async function listRepositories(calls: AppCalls, signal: AbortSignal): Promise<readonly InstalledRepository[]> {
  const found: InstalledRepository[] = [];
  for (let page = 1; page <= MOST_PAGES; page++) {
    const { data } = await calls.call('list the repositories of the installation', () =>
      calls.octokit.request('GET /installation/repositories', { per_page: PER_PAGE, page, request: { signal } }),
    );
    const { repositories } = parse(repositoriesSchema, data);
    found.push(...repositories);
    if (repositories.length < PER_PAGE) break;
  }
  return found;
}

function parse<T>(schema: z.ZodType<T>, data: unknown): T {
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  throw new Failure('PROVIDER_FAILED', { message: 'GitHub answered something about the App that cannot be read.' });
}
