/** Self-signed certificates: for a local network, and until there is a better one. */

import { isIP } from 'node:net';
import { networkInterfaces, hostname as systemHostName } from 'node:os';
import type { Logger } from 'pino';
import { type Clock, dateOf, type Millis } from '../../lib/clock.ts';
import { isHostName } from '../../lib/net/host-port.ts';
import { isVirtualInterface } from '../../lib/net/local-addresses.ts';
import { type Certificate, canonicalName, readCertificate } from './certificate.ts';
import { loadCertificate, storeCertificate } from './certificate-store.ts';

const DAY_MS: Millis = 86_400_000;
/** Apple's systems reject certificates valid for longer than 825 days. */
const LIFETIME_MS: Millis = 820 * DAY_MS;
const MIN_LEFT_MS: Millis = 30 * DAY_MS;
/** Visitors' clocks may be slow. */
const BACKDATED_MS: Millis = DAY_MS;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** For these DNS names and IP addresses, valid for 820 days from now. */
export async function makeSelfSigned(names: readonly string[], nowMs: Millis): Promise<Certificate> {
  const x509 = await import('@peculiar/x509');
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    keys,
    signingAlgorithm: ALGORITHM,
    name: 'CN=Partyline',
    notBefore: dateOf(nowMs - BACKDATED_MS),
    notAfter: dateOf(nowMs + LIFETIME_MS),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
      ),
    ],
  });
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey));
  const keyPem = x509.PemConverter.encode(pkcs8, 'PRIVATE KEY');
  return readCertificate({ chainPem: `${certificate.toString('pem')}\n`, keyPem: `${keyPem}\n` });
}

export interface LocalNames {
  /** If any of these is missing, the certificate is created again. */
  readonly needed: readonly string[];
  /** Optional names and addresses, such as those of IPv6 and of containers, which change too often to be required. */
  readonly also: readonly string[];
}

/** The names of this machine in its network. `further` are names from the operator. */
export function localNames(
  further: readonly string[],
  { hostName = systemHostName(), interfaces = networkInterfaces() } = {},
): LocalNames {
  const own = hostName.toLowerCase().replace(/\.$/, '');
  const hostNames = isHostName(own) ? [own, ...(own.includes('.') ? [] : [`${own}.local`])] : [];
  const addresses = Object.entries(interfaces).flatMap(([name, list = []]) =>
    list.map(({ address, family }) => ({ address, isNeeded: family === 'IPv4' && isLasting(name, address) })),
  );
  const lasting = addresses.filter(({ isNeeded }) => isNeeded).map(({ address }) => address);
  const others = addresses.filter(({ isNeeded }) => !isNeeded).map(({ address }) => address);
  return {
    needed: [...new Set(['localhost', ...hostNames, ...further.map(canonicalName), '127.0.0.1', ...lasting])],
    also: [...new Set(['::1', ...others])].filter((address) => !address.startsWith('fe80:')),
  };
}

/**
 * Container networks come and go all the time, and other machines cannot reach them. A link-local address is only used
 * until there is a better one.
 */
function isLasting(interfaceName: string, address: string): boolean {
  return !isVirtualInterface(interfaceName) && !address.startsWith('169.254.');
}

export interface StoredSelfSignedOptions {
  readonly file: string;
  readonly names: LocalNames;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The stored certificate, so that browsers that accepted it need not ask again; a new one if that is no longer usable.
 */
export async function storedSelfSigned({ file, names, clock, log }: StoredSelfSignedOptions): Promise<Certificate> {
  const stored = await loadCertificate(file);
  const nowMs = clock.wallNow();
  if (stored !== undefined && stored.notAfterMs - nowMs > MIN_LEFT_MS) {
    const missing = names.needed.filter((name) => !stored.names.includes(name));
    if (missing.length === 0) return stored;
    log.info({ names: missing }, 'creating a new self-signed certificate: this machine has new names');
  }
  const made = await makeSelfSigned([...names.needed, ...names.also], nowMs);
  await storeCertificate(file, made);
  return made;
}
