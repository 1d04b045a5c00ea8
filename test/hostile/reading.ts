import type { FailureCode } from '#domain/failure-codes.ts';
import type { HostileRepository } from './served.ts';

export interface ReadRequest {
  readonly key: string;
  readonly url: string;
  readonly limits: HostileRepository['limits'];
  readonly timeoutMs: number;
}

/** What came of reading a repository: what was in it, or the failure that it ended with. */
export type Reading =
  | {
      readonly code?: undefined;
      /** The first and last of them. */
      readonly files: readonly string[];
      readonly skipped: Readonly<Record<string, string>>;
      readonly skippedRefs: number;
      readonly objects: number;
      readonly problems: readonly string[];
      /** What a person would see of the commit. */
      readonly shown: string;
      /** Whether the file outside was seen. */
      readonly leaked: boolean;
    }
  | { readonly code: FailureCode; readonly message: string; readonly cause: string; readonly leaked: boolean };

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNSHOWABLE = /[\u0000-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/;

/** Everything in which a reading is not what was expected, in words. */
export function findUnexpected({ expect }: HostileRepository, reading: Reading): readonly string[] {
  const codes = Array.isArray(expect.code) ? expect.code : [expect.code];
  if (reading.leaked) return ['a file outside of the repository was read'];
  if (!codes.includes(reading.code))
    return [reading.code === undefined ? 'it was read' : `${reading.code}: ${reading.message} (${reading.cause.slice(0, 600)})`];
  if (reading.code !== undefined) return UNSHOWABLE.test(reading.message) ? ['the message holds control characters'] : [];
  const { files = [], skipped = {}, problems = [] } = expect;
  return [
    ...files.filter((path) => !reading.files.includes(path)).map((path) => `${JSON.stringify(path.slice(0, 100))} was not read`),
    ...Object.entries(skipped)
      .filter(([path, reason]) => reading.skipped[path] !== reason)
      .map(
        ([path, reason]) =>
          `${JSON.stringify(path.slice(0, 100))} was not skipped as ${reason} but ${reading.skipped[path] ?? 'not at all'}`,
      ),
    ...problems.filter((code) => !reading.problems.includes(code)).map((code) => `no ${code} but ${reading.problems.join(', ')}`),
    ...(expect.objects === undefined || expect.objects === reading.objects ? [] : [`${reading.objects} objects`]),
    ...(expect.skippedRefs === undefined || expect.skippedRefs === reading.skippedRefs ? [] : [`${reading.skippedRefs} refs were skipped`]),
    ...(UNSHOWABLE.test(reading.shown) ? ['what is shown of the commit holds control characters'] : []),
  ];
}
