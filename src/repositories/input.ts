import type { AdminStatus, UpdatePolicy } from '#domain/words.ts';
import type { FieldErrors } from '#domain/refusal.ts';
import { commitProblem, refProblem } from './check-ref.ts';
import { parsePathPrefix } from './path-prefix.ts';
import { CONTENT_CHOICES, isContentChoice } from './provided-contents.ts';
import { isSlug } from './slug.ts';

/** A repository as somebody sends it: document 002's fields and ours. What is absent is left as it is, or gets its default. */
export interface RepositoryInput {
  readonly name?: string | undefined;
  readonly slug?: string | undefined;
  readonly remote_url?: string | undefined;
  /** Another name of `ref`. */
  readonly branch?: string | undefined;
  readonly ref?: string | undefined;
  readonly commit?: string | null | undefined;
  readonly provided_contents?: readonly string[] | null | undefined;
  /** Id or name of a credential; null takes it away. */
  readonly credential?: string | null | undefined;
  /** Another name of `credential`. */
  readonly secrets_group?: string | null | undefined;
  readonly credential_mode?: string | undefined;
  readonly path_prefix?: string | undefined;
  readonly update_policy?: UpdatePolicy | undefined;
  readonly admin_status?: AdminStatus | undefined;
  readonly description?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly kind?: string | undefined;
}

const MOST_NAME = 255;

/** What is wrong with the fields on their own, by field. */
export function checkInput(input: RepositoryInput): FieldErrors {
  const unknown = (input.provided_contents ?? []).filter((choice) => !isContentChoice(choice));
  const prefix = input.path_prefix === undefined ? undefined : parsePathPrefix(input.path_prefix);
  const problems: Readonly<Record<string, string | undefined>> = {
    name: nameProblem(input.name),
    slug:
      input.slug === undefined || isSlug(input.slug)
        ? undefined
        : 'Enter a valid identifier: letters, digits and underscores, not beginning with a digit.',
    branch: input.branch === undefined ? undefined : refProblem(input.branch),
    ref: input.ref === undefined ? undefined : refProblem(input.ref),
    commit: input.commit === undefined || input.commit === null ? undefined : commitProblem(input.commit),
    provided_contents:
      unknown.length === 0
        ? undefined
        : `${unknown.map((choice) => `"${choice}"`).join(', ')} is not a valid choice. Choices are: ${CONTENT_CHOICES.join(', ')}.`,
    path_prefix: prefix === undefined || prefix.ok ? undefined : prefix.error,
    kind: kindProblem(input.kind),
    credential_mode: input.credential_mode === 'personal' ? 'Personal credentials are not supported yet; use "organization".' : undefined,
  };
  const both =
    input.branch !== undefined && input.ref !== undefined && input.branch !== input.ref
      ? { branch: ['Says something else than ref, which is the same field.'] }
      : {};
  return {
    ...Object.fromEntries(Object.entries(problems).flatMap(([field, problem]) => (problem === undefined ? [] : [[field, [problem]]]))),
    ...both,
  };
}

function nameProblem(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  if (name.trim() === '') return 'This field may not be blank.';
  if (name.length > MOST_NAME) return `Ensure this field has no more than ${MOST_NAME} characters.`;
  return /[\p{Cc}]/u.test(name) ? 'Holds a control character.' : undefined;
}

function kindProblem(kind: string | undefined): string | undefined {
  if (kind === undefined || kind === 'read-only') return undefined;
  if (kind === 'repository') return 'Two-way repositories need branches, which this version does not have yet. Use "read-only".';
  return `"${kind}" is not a valid choice.`;
}
