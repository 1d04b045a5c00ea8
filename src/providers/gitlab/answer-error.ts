import { z } from 'zod';

/** An answer of GitLab that is not what was asked for. Its text is without the token already. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;

  constructor(status: number, headers: Readonly<Record<string, string>>, text: string) {
    super(`GitLab answered ${status}`);
    this.status = status;
    this.headers = headers;
    this.text = text;
  }
}

/** The fields that GitLab says errors in; which of them depends on what finds the error (PROVIDERS.md 1.2). */
export interface GitlabError {
  readonly error: string;
  readonly error_description: string;
  readonly message: string;
  readonly scope: string;
}

/** undefined for what is no JSON object, such as the page of a proxy. */
export function readError({ text }: AnswerError): GitlabError | undefined {
  const fields = readObject(text);
  if (fields === undefined) return undefined;
  const { error, error_description, message, scope } = fields;
  return { error: toText(error), error_description: toText(error_description), message: toText(message), scope: toText(scope) };
}

function readObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return z.record(z.string(), z.unknown()).safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Errors of fields come as an object of lists. */
function toText(value: unknown): string {
  return value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
}

const MOST_CHARACTERS = 300;

/** GitLab's own words in one line. */
export function describeError(error: GitlabError | undefined): string {
  const { error: what = '', error_description: description = '', message = '' } = error ?? {};
  return [what, description, message]
    .filter((part) => part !== '')
    .join('; ')
    .replaceAll(/\p{Cc}+/gu, ' ')
    .slice(0, MOST_CHARACTERS)
    .toWellFormed();
}
