import type { AppProvider } from '#providers/app-contract.ts';
import { connectApp } from './api.ts';
import { judge } from './judge.ts';
import { convert, register } from './manifest.ts';
import { readEvents } from './read-events.ts';

/** GitHub Apps. */
export const githubApps: AppProvider = {
  connect: connectApp,
  register,
  convert,
  installUrl: ({ url, slug, webUrl }) => `${webUrl ?? `${url}/github-apps/${encodeURIComponent(slug)}`}/installations/new`,
  judge,
  readEvents,
};
