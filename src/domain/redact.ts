import { createMatcher } from './secret-matcher.ts';
import { formsOf } from './secret-forms.ts';

export type Redactor = (text: string) => string;

/** Every secret that this process knows now, and what takes them out of whatever leaves it. */
export interface SecretWatch {
  /** From now on the secret is masked, in every form. Again is harmless, too short (below 6 characters) is not taken. */
  readonly add: (secret: string) => void;
  readonly redact: Redactor;
}

const MASK = '***';
const USERINFO = /(?<=:\/\/)[^\s/@]*@/g;
/** Shorter ones are words: masking them would make every line unreadable and tell what they are. */
const LEAST_CHARS = 6;
/** Of an organization with more, those that were used longest ago are forgotten first: a secret leaks where it is at work. */
const MOST_SECRETS = 5_000;

/**
 * Takes secrets out of text, in every form that Git, HTTP and URLs give them: as they are, percent-encoded, in hexadecimal, and base64
 * at any alignment, so that a secret is found inside `Basic base64(user:secret)` too. User info in URLs goes, whoever's it is.
 */
export function createRedactor(secrets: readonly string[]): Redactor {
  const matcher = createMatcher();
  for (const secret of secrets) if (secret !== '') for (const form of formsOf(secret)) matcher.add(form);
  return (text) => matcher.mask(text, MASK).replaceAll(USERINFO, `${MASK}@`);
}

/** A redactor that learns: the vault tells it each secret that it opens, the start tells it those of the configuration. */
export function watchSecrets(): SecretWatch {
  const matcher = createMatcher();
  const formsBySecret = new Map<string, readonly string[]>();
  return {
    add(secret) {
      if (secret.length < LEAST_CHARS) return;
      const known = formsBySecret.get(secret);
      if (known !== undefined) {
        formsBySecret.delete(secret);
        formsBySecret.set(secret, known);
        return;
      }
      const forms = formsOf(secret);
      formsBySecret.set(secret, forms);
      for (const form of forms) matcher.add(form);
      const [oldest] = formsBySecret;
      if (formsBySecret.size <= MOST_SECRETS || oldest === undefined) return;
      formsBySecret.delete(oldest[0]);
      for (const form of oldest[1]) matcher.remove(form);
    },
    redact: (text) => matcher.mask(text, MASK).replaceAll(USERINFO, `${MASK}@`),
  };
}
