import type { FieldErrors, Refusal } from '#domain/refusal.ts';
import { REPOSITORY_KINDS } from '#domain/words.ts';
import type { AdminStatus, UpdatePolicy } from '#domain/words.ts';
import type { NetworkInput } from '#credentials/network/settings.ts';
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
  /** Certificate authority, proxy and the like (DESIGN.md 4.3). */
  readonly network?: NetworkInput | null | undefined;
}

/** The field that names the credential in this input, and what it says; undefined when none does. */
export function credentialOf(
  input: RepositoryInput,
): { readonly field: 'credential' | 'secrets_group'; readonly value: string | null } | undefined {
  if (input.credential !== undefined) return { field: 'credential', value: input.credential };
  return input.secrets_group === undefined ? undefined : { field: 'secrets_group', value: input.secrets_group };
}

/** The whole object that a PUT stands for: what is not sent goes back to its default. */
export function toWhole(input: RepositoryInput): RepositoryInput {
  return {
    ...(input.branch === undefined && { ref: 'main' }),
    ...(credentialOf(input) === undefined && { credential: null }),
    commit: null,
    provided_contents: null,
    path_prefix: '',
    update_policy: 'auto',
    admin_status: 'active',
    description: '',
    tags: [],
    network: null,
    ...input,
  };
}

/** What is right but not part of this version; undefined when nothing is. Silence would be taken for consent. */
export function refuseUnsupported(input: RepositoryInput): Refusal | undefined {
  const fields: FieldErrors = {
    ...(input.kind === 'repository' && {
      kind: ['Two-way repositories need branches, which this version does not have yet. Use "read-only".'],
    }),
    ...(input.credential_mode === 'personal' && {
      credential_mode: ['This version does not have personal credentials yet. Use "organization".'],
    }),
  };
  const [first] = Object.entries(fields);
  return first === undefined ? undefined : { code: 'NOT_SUPPORTED', detail: `${first[0]}: ${first[1].join(' ')}`, fields };
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
    kind:
      input.kind === undefined || REPOSITORY_KINDS.some((kind) => kind === input.kind)
        ? undefined
        : `"${input.kind}" is not a valid choice.`,
  };
  const { branch, ref, credential, secrets_group: group } = input;
  const both = {
    ...(branch !== undefined &&
      ref !== undefined &&
      branch !== ref && { branch: ['Says something else than ref, which is the same field.'] }),
    ...(credential !== undefined &&
      group !== undefined &&
      credential !== group && { secrets_group: ['Says something else than credential, which is the same field.'] }),
  };
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
