export type Redactor = (text: string) => string;

const MASK = '***';
const USERINFO = /(?<=:\/\/)[^\s/@]*@/g;

/**
 * Takes secrets out of text, in every form that Git, HTTP and URLs give them: as they are, percent-encoded, and base64 at any
 * alignment, so that a secret is found inside `Basic base64(user:secret)` too. User info in URLs goes, whoever's it is.
 */
export function createRedactor(secrets: readonly string[]): Redactor {
  const forms = [...new Set(secrets.filter((secret) => secret !== '').flatMap(formsOf))];
  // Longest first: where one form contains another, the rest of the longer one must not stay behind.
  forms.sort((a, b) => b.length - a.length);
  const pattern = forms.length === 0 ? undefined : new RegExp(forms.map(escapeRegExp).join('|'), 'g');
  return (text) => {
    const withoutSecrets = pattern === undefined ? text : text.replaceAll(pattern, MASK);
    return withoutSecrets.replaceAll(USERINFO, `${MASK}@`);
  };
}

function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const percent = percentEncoded(secret);
  return [
    secret,
    percent,
    percent.replaceAll(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase()),
    percent.replaceAll('%20', '+'),
    JSON.stringify(secret).slice(1, -1),
    ...[0, 1, 2].flatMap((offset) => base64At(bytes, offset)),
  ];
}

function percentEncoded(secret: string): string {
  return encodeURIComponent(secret.toWellFormed());
}

/** The characters that depend on `bytes` alone when they stand at this offset (modulo 3) in what is encoded. */
function base64At(bytes: Buffer, offset: number): readonly string[] {
  const firstWhole = offset === 0 ? 0 : offset + 1;
  const wholeChars = Math.floor(((offset + bytes.length) * 8) / 6);
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .slice(firstWhole, wholeChars);
  // Fewer would mask ordinary words.
  if (encoded.length < 4) return [];
  return [encoded, encoded.replaceAll('+', '-').replaceAll('/', '_')];
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}
