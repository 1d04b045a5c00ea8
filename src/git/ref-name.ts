const MAX_REF_CHARS = 244;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const FORBIDDEN = /[\u0000-\u0020\u007F~^:?*[\\]|\.\.|@\{|\/\/|\/\.|\.lock(?:\/|$)|\.$|\/$/;
const NAMESPACE = /^refs\/(?!replace\/)[a-z0-9-]+\/(.+)$/;

/**
 * Whether a full ref name from a remote is one we work with: what `git check-ref-format` allows, and no component that starts with
 * a dash, which a later reader could take for an option. `refs/replace/` is never taken over: it changes what objects say.
 */
export function isSafeRef(ref: string): boolean {
  const name = NAMESPACE.exec(ref)?.[1];
  if (name === undefined) return false;
  return ref.length <= MAX_REF_CHARS && !FORBIDDEN.test(ref) && name !== '@' && !/(?:^|\/)-/.test(name) && ref.isWellFormed();
}

/** A branch name as a user gives it, as a full ref; undefined when it cannot be one. */
export function toBranchRef(name: string): string | undefined {
  return toRef('refs/heads/', name);
}

export function toTagRef(name: string): string | undefined {
  return toRef('refs/tags/', name);
}

function toRef(namespace: string, name: string): string | undefined {
  const ref = name.startsWith('refs/') ? name : namespace + name;
  return ref.startsWith(namespace) && isSafeRef(ref) ? ref : undefined;
}
