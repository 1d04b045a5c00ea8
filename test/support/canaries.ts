/** How a secret may stand somewhere: as it is, encoded for a URL, in base64 at any offset (as in a Basic header), in hexadecimal, backwards. */
export function canaryForms(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].flatMap((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    // Without the characters at both ends that mix with what stands before and after.
    const core = encoded.slice(offset === 0 ? 0 : offset + 1, Math.floor(((offset + bytes.length) * 4) / 3));
    return [core, core.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return [...new Set([secret, encodeURIComponent(secret), ...base64, bytes.toString('hex'), bytes.toReversed().toString()])];
}

/** The secrets that stand in any of the texts in any form, each once. */
export function canariesIn(texts: readonly string[], secrets: readonly string[]): readonly string[] {
  return secrets.filter((secret) => {
    const forms = canaryForms(secret);
    return texts.some((text) => forms.some((form) => text.includes(form)));
  });
}
