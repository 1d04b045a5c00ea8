import { Failure } from '#domain/failure.ts';

const CODES =
  /^(?:CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(?:GET_ISSUER_CERT|VERIFY_LEAF_SIGNATURE)|INVALID_CA|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH|ERR_TLS_CERT_ALTNAME_INVALID)/;

const GIVE_AUTHORITY =
  'Give the certificate of the authority that signed it as network.ca_certificate of the repository or credential, with every one between.';

/** What is wrong with a certificate, and what to do about it, by the name that OpenSSL and Node give it. */
const KNOWN: Readonly<Record<string, readonly [message: string, help: string]>> = {
  CERT_HAS_EXPIRED: ['has expired', 'Renew the certificate of the server; one between it and its authority may be the one that ended.'],
  CERT_NOT_YET_VALID: ['is not valid yet', 'See that the clocks of the server and of this machine are right.'],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'is for another host',
    'Use the name that the certificate is for in the address, or give the server a certificate with this name.',
  ],
  CERT_REVOKED: ['was revoked', 'Renew the certificate of the server.'],
  DEPTH_ZERO_SELF_SIGNED_CERT: [
    'is signed by the server itself and by no authority that is trusted here',
    'Give that certificate as network.ca_certificate of the repository or credential.',
  ],
};

/** An error of a TLS connection as what follows from it; undefined when it says nothing of a certificate. */
export function toTlsFailure(error: unknown, host: string): Failure | undefined {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (!CODES.test(code)) return undefined;
  const [message, help] = KNOWN[code] ?? ['is signed by an authority that is not trusted here', GIVE_AUTHORITY];
  return new Failure('TLS_UNTRUSTED', { message: `The certificate of ${host} ${message} (${code}).`, help, cause: error });
}
