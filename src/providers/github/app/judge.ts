import type { Capability, CapabilityName, MissingPermission, TokenJudgement } from '#domain/token.ts';
import type { AppPermissions } from '#providers/app-contract.ts';

interface Need {
  /** Any of these, as `name=level`. */
  readonly any: readonly string[];
  /** As GitHub's page of permissions names it. */
  readonly permission: string;
  readonly why: string;
}

const NEEDS: Readonly<Record<Exclude<CapabilityName, 'webhooks'>, Need>> = {
  read: { any: ['contents=read'], permission: 'Contents: Read-only', why: 'Repositories cannot be read without it.' },
  statuses: {
    any: ['checks=write', 'statuses=write'],
    permission: 'Checks: Read and write',
    why: 'Neither check runs nor statuses are posted on commits.',
  },
  comments: {
    any: ['pull_requests=write', 'issues=write'],
    permission: 'Pull requests: Read and write',
    why: 'Nothing can be written to pull requests.',
  },
  push: { any: ['contents=write'], permission: 'Contents: Read and write', why: 'Nothing can be pushed.' },
};

/** What an installation may do. Of Apps GitHub tells the permissions themselves, so nothing has to be tried (PROVIDERS.md 1.1). */
export function judge(permissions: AppPermissions, webUrl: string | undefined): TokenJudgement {
  const of = (name: Exclude<CapabilityName, 'webhooks'>): Capability => capability(permissions, NEEDS[name]);
  const capabilities = {
    read: of('read'),
    webhooks: { state: 'verified', detail: "Deliveries come to the App's own address; repositories need no hook." },
    statuses: of('statuses'),
    comments: of('comments'),
    push: of('push'),
  } as const;
  const missing = (['read', 'statuses', 'comments'] as const)
    .filter((name) => capabilities[name].state === 'denied')
    .map((name): MissingPermission => ({ permission: NEEDS[name].permission, why: NEEDS[name].why, fix_url: webUrl ?? null }));
  return { capabilities, missing, reason: missing.length > 0 ? 'permission_missing' : undefined, notes: [] };
}

function capability(permissions: AppPermissions, { any, permission }: Need): Capability {
  const found = any.find((need) => grants(permissions, need));
  return found === undefined
    ? { state: 'denied', detail: `The account has not granted "${permission}" to the App.` }
    : { state: 'verified', detail: `Granted to the App: ${found.replace('=', ', ')}.` };
}

function grants(permissions: AppPermissions, need: string): boolean {
  const [name = '', level] = need.split('=');
  const granted = Object.hasOwn(permissions, name) ? permissions[name] : undefined;
  return granted === 'admin' || granted === 'write' || (level === 'read' && granted === 'read');
}
