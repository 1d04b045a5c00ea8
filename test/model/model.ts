import { isDeepStrictEqual } from 'node:util';
import type { Files, Served } from './content.ts';
import { importOf } from './content.ts';

/** A commit and the files that it has. */
export interface Snapshot {
  readonly commit: string;
  readonly files: Files;
}

/**
 * What is known of a repository without asking the service.
 *
 * Which commits are imported is the service's choice: pushes that come close together may be taken as one, so a head that is
 * refused leaves whatever good one was imported before it. What may be served is therefore a list, in the order of the pushes:
 * a service that has shown one of them must not go back to an earlier one. Once a good head has settled there is one left.
 */
export interface Model {
  /** Sets its objects apart from other repositories'. */
  readonly prefix: string;
  /** The branch that the service follows. */
  branch: string;
  /** The service has seen the branch and the repository where it was told that they are. What it never saw may as well be a mistake of its user. */
  isBranchSeen: boolean;
  isAddressSeen: boolean;
  /** Where the branch is; undefined while there is none. */
  head: Snapshot | undefined;
  /** Every commit that was made, the oldest first. */
  readonly commits: Snapshot[];
  /** What may be served now. */
  candidates: readonly (readonly Served[])[];
}

/** The service has imported the first commit. */
export function startModel(prefix: string, branch: string, first: Snapshot): Model {
  const served = importOf(prefix, first.files);
  if (served === undefined) throw new Error('the first commit has to be a good one');
  return { prefix, branch, isBranchSeen: true, isAddressSeen: true, head: first, commits: [first], candidates: [served] };
}

/** The branch is there now. To be said before the remote is changed: from then on the service may have it. */
export function mayServe(model: Model, files: Files): void {
  const served = importOf(model.prefix, files);
  if (served !== undefined) model.candidates = [...model.candidates, served];
}

export function moved(model: Model, head: Snapshot): void {
  model.head = head;
  if (!model.commits.some(({ commit }) => commit === head.commit)) model.commits.push(head);
}

/** Narrows down what may be served by what was seen. What is wrong with it, if it can be none of them as a whole. */
export function observe(model: Model, seen: readonly Served[]): string | undefined {
  const first = model.candidates.findIndex((candidate) => isDeepStrictEqual(candidate, seen));
  if (first < 0) return `served is ${JSON.stringify(seen)}, which is none of ${JSON.stringify(model.candidates)}`;
  model.candidates = model.candidates.slice(first);
  return undefined;
}

/** What is served once everything has come to rest; undefined where the head is none that can be imported. */
export function settledContent({ prefix, head }: Model): readonly Served[] | undefined {
  return head === undefined ? undefined : importOf(prefix, head.files);
}

/** Nothing but this can be served from now on, until the next push. */
export function settled(model: Model, served: readonly Served[]): void {
  model.candidates = [served];
  model.isAddressSeen = true;
  if (model.head !== undefined) model.isBranchSeen = true;
}
