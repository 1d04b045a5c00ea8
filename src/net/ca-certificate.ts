import { X509Certificate } from 'node:crypto';
import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';

const MOST_CHARACTERS = 262_144;
const MOST_CERTIFICATES = 100;
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g;
/** Some tools write it so; the bytes are the same. */
const CERTIFICATE = /^(?:X509 |TRUSTED )?CERTIFICATE$/;

/**
 * Reads a chain of certificate authorities in PEM, as Git and Node will trust it. What is kept is made of the certificates alone, without
 * the text that tools write between them. The error is a sentence for who sent it, and holds nothing of what was sent but subjects.
 */
export function parseCaCertificates(pem: string, now: Date): Result<string, string> {
  if (pem.length > MOST_CHARACTERS) return err(`Is longer than ${MOST_CHARACTERS / 1024} KiB. Send the authorities of the server alone.`);
  const blocks = [...pem.matchAll(BLOCK)];
  if (blocks.some(([, kind = '']) => kind.includes('PRIVATE KEY')))
    return err('Holds a private key. Send certificates only, and replace that key: it has left its place.');
  if (pem.split('-----BEGIN ').length - 1 !== blocks.length)
    return err('Is cut off: a block begins and does not end with its "-----END CERTIFICATE-----" line.');
  if (blocks.length === 0) return err('Is no PEM: it must have a "-----BEGIN CERTIFICATE-----" block for each certificate.');
  if (blocks.length > MOST_CERTIFICATES)
    return err(`Holds more than ${MOST_CERTIFICATES} certificates. Send the authorities of the server alone.`);
  const kept: string[] = [];
  for (const [at, [block, kind = '']] of blocks.entries()) {
    const read = readAuthority(block, kind, now);
    if (!read.ok) return err(`Certificate ${at + 1} ${read.error}`);
    kept.push(read.value);
  }
  return ok(kept.join(''));
}

function readAuthority(block: string, kind: string, now: Date): Result<string, string> {
  if (!CERTIFICATE.test(kind)) return err(`is no certificate: its block says ${kind}.`);
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(block.replaceAll(`${kind}-----`, 'CERTIFICATE-----'));
  } catch {
    return err('cannot be read: its Base64 is damaged, or it is no X.509 certificate.');
  }
  const name = nameOf(certificate);
  const until = certificate.validToDate;
  if (until.getTime() <= now.getTime()) return err(`(${name}) expired on ${until.toISOString().slice(0, 10)}.`);
  // One that signed itself is its own authority, whatever it says of that.
  if (!certificate.ca && !certificate.checkIssued(certificate))
    return err(`(${name}) is a server's own. Send the certificate of the authority that signed it.`);
  return ok(certificate.toString());
}

const MOST_NAME = 100;

function nameOf(certificate: X509Certificate): string {
  return certificate.subject.replaceAll(/\p{Cc}+/gu, ', ').slice(0, MOST_NAME);
}
