import type { BitbucketSettingsChange } from './wire.ts';

export interface Settings {
  allowLocalRequests: boolean;
  requestsLeft: number | null;
  redirects: boolean;
  apiTokenScopes: boolean;
  refuseReports: boolean;
}

export function createSettings(): Settings {
  return { allowLocalRequests: true, requestsLeft: null, redirects: true, apiTokenScopes: false, refuseReports: false };
}

export function changeSettings(settings: Settings, change: BitbucketSettingsChange): void {
  settings.allowLocalRequests = change.allow_local_requests ?? settings.allowLocalRequests;
  settings.requestsLeft = change.requests_left === undefined ? settings.requestsLeft : change.requests_left;
  settings.redirects = change.redirects ?? settings.redirects;
  settings.apiTokenScopes = change.api_token_scopes ?? settings.apiTokenScopes;
  settings.refuseReports = change.refuse_reports ?? settings.refuseReports;
}
