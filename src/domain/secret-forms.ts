/** How a secret may stand in text that somebody else made of it. Each form once. */
export function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const percent = encodeURIComponent(secret.toWellFormed());
  const quoted = JSON.stringify(secret).slice(1, -1);
  const hex = bytes.toString('hex');
  return [
    ...new Set([
      secret,
      percent,
      percent.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
      percent.replaceAll('%20', '+'),
      quoted,
      // JSON within JSON: an error message that quotes an answer, in a log line.
      JSON.stringify(quoted).slice(1, -1),
      hex,
      hex.toUpperCase(),
      ...[0, 1, 2].flatMap((offset) => base64At(bytes, offset)),
    ]),
  ];
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
