import { z } from 'zod';

/** An answer of Bitbucket that is not what was asked for. Its text is without the token already. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;

  constructor(status: number, headers: Headers, text: string) {
    super(`Bitbucket answered ${status}`);
    this.status = status;
    this.headers = headers;
    this.text = text;
  }
}

/** What the one envelope of Bitbucket's errors says (PROVIDERS.md 1.3). */
export interface BitbucketError {
  readonly message: string;
  /** Scopes that the call needs and that the token has; there where scopes are what is missing. */
  readonly required: readonly string[] | undefined;
  readonly granted: readonly string[] | undefined;
}

const scopes = z.array(z.string().max(100)).max(100);
const errorSchema = z.object({
  error: z.object({
    message: z.string().default(''),
    // Words, or an object; only the object with scopes is read.
    detail: z.object({ required: scopes.optional(), granted: scopes.optional() }).optional().catch(undefined),
    fields: z.record(z.string(), z.unknown()).optional().catch(undefined),
  }),
});

const MOST_CHARACTERS = 300;

/** undefined for what is not Bitbucket's, such as the page of a proxy. */
export function readError({ text }: AnswerError): BitbucketError | undefined {
  const read = errorSchema.safeParse(toJson(text)).data?.error;
  if (read === undefined) return undefined;
  const { message, fields, detail } = read;
  // The message names the first field that is wrong; where it does not, the fields do.
  const said = message !== '' || fields === undefined ? message : JSON.stringify(fields);
  return { message: toLine(said), required: detail?.required, granted: detail?.granted };
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function toLine(text: string): string {
  return text
    .replaceAll(/\p{Cc}+/gu, ' ')
    .slice(0, MOST_CHARACTERS)
    .toWellFormed();
}
