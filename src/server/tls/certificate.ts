/** The page's certificates and keys, with explanations that an operator can act on. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import type { Millis } from '../../lib/clock.ts';

/** A certificate and its private key. */
export interface Certificate {
  /** The certificate first, then its issuers. */
  readonly chainPem: string;
  readonly keyPem: string;
  /** DNS names in lower case, and IP addresses. */
  readonly names: readonly string[];
  /** Milliseconds since 1970, like `Clock.wallNow`. */
  readonly notBeforeMs: Millis;
  readonly notAfterMs: Millis;
  /** Not vouched for by any authority. */
  readonly selfSigned: boolean;
  /** SHA-256, upper-case hexadecimal bytes separated by colons, as browsers show it. */
  readonly fingerprint: string;
}

export interface PemFiles {
  readonly chainPem: string;
  readonly keyPem: string;
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Throws an Error with a sentence if this is not a certificate with its key. */
export function readCertificate({ chainPem, keyPem }: PemFiles): Certificate {
  const leaf = leafOf(chainPem);
  if (!leaf.checkPrivateKey(privateKeyOf(keyPem))) throw new Error('The private key does not match the certificate.');
  return {
    chainPem,
    keyPem,
    names: namesOf(leaf),
    notBeforeMs: Date.parse(leaf.validFrom),
    notAfterMs: Date.parse(leaf.validTo),
    selfSigned: leaf.verify(leaf.publicKey),
    fingerprint: leaf.fingerprint256,
  };
}

/**
 * RFC 8446 and 5246, only suites with forward secrecy and authenticated encryption; the client chooses according to its
 * hardware.
 */
const TLS_OPTIONS = {
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
  ].join(':'),
  honorCipherOrder: false,
} as const satisfies SecureContextOptions;

/** The options with which a TLS server presents this certificate. */
export function contextOptions({ chainPem, keyPem }: PemFiles): SecureContextOptions {
  return { ...TLS_OPTIONS, cert: chainPem, key: keyPem };
}

/** In lower case; an IPv6 address in its short form (RFC 5952). */
export function canonicalName(name: string): string {
  return isIPv6(name) ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name.toLowerCase();
}

/** Whether the certificate covers this name, possibly through a wildcard. */
export function coversName({ names }: Pick<Certificate, 'names'>, name: string): boolean {
  return names.includes(name) || names.includes(name.replace(/^[^.]+/, '*'));
}

function leafOf(chainPem: string): X509Certificate {
  const [first] = chainPem.match(PEM_CERTIFICATE) ?? [];
  if (first === undefined) throw new Error('No PEM certificate was found ("-----BEGIN CERTIFICATE-----").');
  try {
    return new X509Certificate(first);
  } catch (error) {
    throw new Error('The certificate cannot be read.', { cause: error });
  }
}

function privateKeyOf(keyPem: string): KeyObject {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(keyPem))
    throw new Error('No PEM private key was found ("-----BEGIN PRIVATE KEY-----").');
  try {
    return createPrivateKey(keyPem);
  } catch (error) {
    const isLocked = /ENCRYPTED/.test(keyPem);
    throw new Error(isLocked ? 'The private key has a passphrase. Remove it.' : 'The private key cannot be read.', {
      cause: error,
    });
  }
}

/** RFC 6125: the subject's common name is ignored if there are alternative names, and browsers always ignore it. */
function namesOf({ subjectAltName = '' }: X509Certificate): string[] {
  return subjectAltName.split(', ').flatMap((entry) => {
    const { name } = /^(?:DNS|IP Address):(?<name>[^"]+)$/.exec(entry)?.groups ?? {};
    return name === undefined ? [] : [canonicalName(name)];
  });
}
