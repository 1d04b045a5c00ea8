import type { HookProblem } from '#domain/hook.ts';
import type { RemoteHook } from '#providers/contract.ts';
import type { HookRow } from './store.ts';

/** What is known here of a hook that is looked at. */
export type JudgedHook = Pick<
  HookRow,
  'id' | 'provider' | 'remote_id' | 'secret_kind' | 'secret_told' | 'refused_count' | 'refused_at' | 'missed_count'
>;

/** Addresses and ids that are this installation's. */
export interface Here {
  /** Where the hook is to deliver to. */
  readonly url: string;
  /** What every address of this service begins with. */
  readonly root: string;
  /** Hooks of this installation among those that the provider showed. */
  readonly known: ReadonlySet<string>;
}

export interface Inspection {
  readonly hook: RemoteHook | undefined;
  readonly problems: readonly HookProblem[];
  /** The provider's ids of more hooks that are this very one. */
  readonly doubles: readonly string[];
  /** The provider's ids of hooks that deliver here for a repository that is not here any more. */
  readonly orphans: readonly string[];
}

/** One push that no delivery told of is lost by every provider now and then (PROVIDERS.md 2.4); several in a row are not. */
const SUPPRESSED_FROM = 2;

/** What stands at the provider beside what is wanted. Pure. A hook that somebody made by hand is known by its address, one of ours by its id. */
export function inspect(listed: readonly RemoteHook[], row: JudgedHook, here: Here): Inspection {
  const ours = listed.filter(({ id, url }) => id === row.remote_id || isAddressOf(url, row));
  const hook = ours.find(({ id }) => id === row.remote_id) ?? ours.find(({ url }) => url === here.url) ?? ours[0];
  const doubles = ours.filter((candidate) => candidate !== hook).map(({ id }) => id);
  const orphans = listed.filter(({ url }) => isOrphan(url, here)).map(({ id }) => id);
  const problems = hook === undefined ? [ABSENT] : judge(hook, row, here.url);
  return { hook, problems: [...problems, ...findDoubles(doubles.length, orphans.length)], doubles, orphans };
}

/** What is wrong with a hook that is there. */
export function judge(hook: RemoteHook, row: JudgedHook, url: string): readonly HookProblem[] {
  return [...findMoved(hook, url), ...hook.problems, ...findSecret(hook, row), ...findSuppressed(row)];
}

/** The id of a hook of this installation in an address; undefined: it is none of ours. */
export function hookIdIn(url: string, root: string): string | undefined {
  if (!url.startsWith(`${root}/webhooks/`)) return undefined;
  return /\/([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})$/.exec(url)?.[1];
}

const ABSENT: HookProblem = { what: 'absent', detail: 'The webhook is not at the provider.' };

/** Its id is in no other address, whatever PUBLIC_URL was when the provider was told. */
function isAddressOf(url: string, { id, provider }: JudgedHook): boolean {
  return URL.parse(url)?.pathname.endsWith(`/webhooks/${provider}/${id}`) ?? false;
}

function isOrphan(url: string, { root, known }: Here): boolean {
  const id = hookIdIn(url, root);
  return id !== undefined && !known.has(id);
}

function findMoved({ url }: RemoteHook, wanted: string): readonly HookProblem[] {
  if (url === wanted) return [];
  const detail = `The webhook at the provider has another address than this service: ${withoutSecrets(url)}.`;
  return [{ what: 'url', detail }];
}

/** Somebody may have put a password or a token into an address. */
function withoutSecrets(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? 'one that cannot be read' : `${parsed.origin}${parsed.pathname}`.slice(0, 200);
}

/** Of a token in plain text old servers do not say whether they have it. */
function findSecret(hook: RemoteHook, { secret_kind, secret_told, refused_count, refused_at }: JudgedHook): readonly HookProblem[] {
  if (secret_kind !== null && secret_kind !== 'token' && hook.secretKind !== secret_kind)
    return [{ what: 'secret', detail: 'The webhook at the provider has lost the secret that its deliveries are checked with.' }];
  if (!secret_told) return [{ what: 'secret', detail: 'The provider has not been told the present secret of the webhook yet.' }];
  if (refused_count === 0) return [];
  const last = refused_at === null ? '' : `, the last at ${refused_at.toISOString()}`;
  const detail = `${refused_count} deliveries to its address were refused since the last good one${last}: their signature is wrong, so the provider may hold another secret.`;
  return [{ what: 'secret', detail }];
}

function findSuppressed({ missed_count: missed }: JudgedHook): readonly HookProblem[] {
  if (missed < SUPPRESSED_FROM) return [];
  const detail = `The provider says that the webhook works, but ${missed} changes in a row were found at the remote that no delivery told of. Check at the provider what it says of recent deliveries, and that it reaches PUBLIC_URL.`;
  return [{ what: 'suppressed', detail }];
}

function findDoubles(doubles: number, orphans: number): readonly HookProblem[] {
  return [
    ...(doubles === 0 ? [] : [{ what: 'duplicate' as const, detail: `The provider has ${doubles + 1} webhooks with this address.` }]),
    ...(orphans === 0
      ? []
      : [{ what: 'duplicate' as const, detail: `The provider has ${orphans} more that deliver here for nobody: repair removes them.` }]),
  ];
}
