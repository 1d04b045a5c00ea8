import type { InstalledRepository, RepositoryEvent } from '#domain/event.ts';
import type { Result } from '#domain/result.ts';
import type { TokenJudgement } from '#domain/token.ts';
import type { Headers, PayloadProblem, VerifiedBody } from './contract.ts';

/** How an App acts as itself. */
export interface AppConnection {
  /** The server's base, as `ForgeConnection.url`. */
  readonly url: string;
  /** The provider's number of the App. */
  readonly appId: string;
  /** PEM. Signs what lets the App in for some minutes; never sent. */
  readonly privateKey: string;
  readonly fetch: typeof globalThis.fetch;
}

export interface RemoteApp {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly ownerLogin: string | undefined;
  readonly webUrl: string;
}

/** What an account lets an App do there, by the provider's names. */
export type AppPermissions = Readonly<Record<string, string>>;

export interface RemoteInstallation {
  readonly id: string;
  readonly account: { readonly id: string; readonly login: string; readonly type: string };
  readonly selection: 'all' | 'selected';
  readonly permissions: AppPermissions;
  readonly suspendedAt: Date | undefined;
  readonly webUrl: string | undefined;
}

export interface MintedToken {
  readonly token: string;
  /** From the provider's answer on, by the provider's clock; ours may differ. */
  readonly livesMs: number;
}

/** An App at its provider. Throws `Failure` as a `ForgeApi` does: AUTH_FAILED where the App's key is refused. */
export interface AppApi {
  readApp(signal: AbortSignal): Promise<RemoteApp>;
  /** All pages. */
  listInstallations(signal: AbortSignal): Promise<readonly RemoteInstallation[]>;
  /** undefined: it was removed. */
  readInstallation(id: string, signal: AbortSignal): Promise<RemoteInstallation | undefined>;
  /** A token of an hour for everything that the installation may. Throws Failure AUTH_REVOKED where it was suspended or removed. */
  mintToken(installationId: string, signal: AbortSignal): Promise<MintedToken>;
  /** Every repository that a token of an installation reaches. */
  listRepositories(token: string, signal: AbortSignal): Promise<readonly InstalledRepository[]>;
}

/** What somebody who registers an App sends to the provider's page, from their browser. */
export interface AppRegistration {
  /** Where the form is posted to. */
  readonly action: string;
  /** Name and value of its one field. */
  readonly field: string;
  readonly value: string;
}

export interface AppRequest {
  readonly url: string;
  /** Login of the organization that is to own it; undefined: the user's own account. */
  readonly account: string | undefined;
  readonly name: string;
  readonly homeUrl: string;
  readonly hookUrl: string;
  readonly redirectUrl: string;
  /** Comes back with the redirect. */
  readonly state: string;
}

/** An App as it was made, with the secrets that are told once. */
export interface RegisteredApp extends RemoteApp {
  readonly privateKey: string;
  readonly webhookSecret: string | undefined;
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
}

/** Apps of a provider. */
export interface AppProvider {
  connect(connection: AppConnection): AppApi;
  register(request: AppRequest): AppRegistration;
  /** Takes what a registration came to, for the code that the redirect brought. Works once. Throws Failure PROVIDER_REFUSED for a code that is none. */
  convert(connection: Pick<AppConnection, 'url' | 'fetch'>, code: string, signal: AbortSignal): Promise<RegisteredApp>;
  /** Page on which an account installs it. */
  installUrl(app: { readonly url: string; readonly slug: string; readonly webUrl: string | undefined }): string;
  /** What permissions come to, and what is missing. Pure. */
  judge(permissions: AppPermissions, webUrl: string | undefined): TokenJudgement;
  /** What a delivery to an App's address means; as `WebhookReader.parseEvent`, for what only Apps are told as well. Never throws. */
  readEvents(body: VerifiedBody, headers: Headers): Promise<Result<readonly RepositoryEvent[], PayloadProblem>>;
}
