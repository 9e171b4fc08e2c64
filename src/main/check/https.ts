/** Checks whether the page is served over HTTPS, without which browsers do not allow the microphone. */
import { connect, type TLSSocket } from 'node:tls';
import type { Config } from '../../config/config.ts';
import { tlsModeOf } from '../../config/tls.ts';
import { type Clock, dateOf, type Millis, within } from '../../lib/clock.ts';
import { isLocalHost } from '../../lib/net/local-addresses.ts';
import { clockAdvice, isClockPlausible } from '../../lib/plausible-clock.ts';
import { type Certificate, coversName } from '../../server/tls/certificate.ts';
import { readOwnFiles } from '../../server/tls/own-files.ts';
import { type CheckInput, type CheckResult, reasonOf } from './result.ts';

const LIMIT_MS: Millis = 3000;
const HTTPS_PORT = 443;
const DAY_MS: Millis = 86_400_000;
const SOON_DAYS = 14;

/** One result for each name of the page, and for certificate files, or one for all if there are no names. */
export async function checkHttps(input: CheckInput, port = HTTPS_PORT): Promise<readonly CheckResult[]> {
  const { config } = input;
  const names = [...new Set([...config.domain, ...config.allowHosts])];
  switch (tlsModeOf(config)) {
    case 'self-signed':
      return [{ name: 'https', status: 'ok', text: 'The certificate is self-signed, so browsers show a warning.' }];
    case 'files':
      return [await ownFiles(input, names)];
    default:
      if (names.length === 0) return [withoutName(config)];
      return Promise.all(names.map((host) => certificateAt(input, host, port)));
  }
}

/** What a browser gets when it opens the page. */
async function certificateAt({ config, clock }: CheckInput, host: string, port: number): Promise<CheckResult> {
  const name = `https://${host}`;
  const isOwn = config.domain.length > 0;
  const socket = connect({ host, port, servername: host });
  try {
    const result = await within(clock, LIMIT_MS, secured(socket));
    if (result === undefined) return { name, ...notReached('no answer', isOwn) };
    const { valid_from: from, valid_to: to } = socket.getPeerCertificate();
    return { name, ...expiryFinding({ notBeforeMs: Date.parse(from), notAfterMs: Date.parse(to) }, clock) };
  } catch (error) {
    const reason = reasonOf(error);
    if (isOwn && isUnknownName(error)) {
      const text = `The name cannot be resolved (${reason}). Create an A record (and AAAA, if there is IPv6) with the address of this server.`;
      return { name, status: 'fail', text };
    }
    if (!isCertificateError(error)) return { name, ...notReached(reason, isOwn) };
    // With a wrong clock every certificate looks invalid.
    const nowMs = clock.wallNow();
    const isOurFault = !isClockPlausible(nowMs);
    return { name, ...(isOurFault ? { status: 'fail', text: clockAdvice(nowMs) } : badCertificate(reason, isOwn)) };
  } finally {
    socket.destroy();
  }
}

async function ownFiles({ config, clock }: CheckInput, names: readonly string[]): Promise<CheckResult> {
  const name = 'tls-cert';
  const { tlsCert: certFile, tlsKey: keyFile } = config;
  try {
    const certificate = await readOwnFiles({ certFile, keyFile });
    const missing = names.filter((host) => !coversName(certificate, host));
    if (missing.length > 0)
      return { name, status: 'fail', text: `The certificate does not cover ${missing.join(', ')}.` };
    return { name, ...expiryFinding(certificate, clock) };
  } catch (error) {
    return { name, status: 'fail', text: reasonOf(error) };
  }
}

function expiryFinding(
  { notBeforeMs, notAfterMs }: Pick<Certificate, 'notBeforeMs' | 'notAfterMs'>,
  clock: Clock,
): Finding {
  const nowMs = clock.wallNow();
  if (!isClockPlausible(nowMs)) return { status: 'fail', text: clockAdvice(nowMs) };
  if (nowMs < notBeforeMs) {
    const [from, now] = [notBeforeMs, nowMs].map((ms) => dateOf(ms).toISOString());
    const text = `The certificate is valid from ${from}, but the clock of this machine shows ${now}. Set the clock if it is wrong, or wait.`;
    return { status: 'fail', text };
  }
  const daysLeft = Math.floor((notAfterMs - nowMs) / DAY_MS);
  if (daysLeft < 0) return { status: 'fail', text: 'The certificate has expired. Renew it.' };
  if (daysLeft >= SOON_DAYS) return { status: 'ok', text: `The certificate is valid for ${daysLeft} more days.` };
  return { status: 'warn', text: `The certificate expires in ${daysLeft} days. Renew it.` };
}

type Finding = Omit<CheckResult, 'name'>;

function secured(socket: TLSSocket): Promise<true> {
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', () => resolve(true));
    socket.on('error', reject);
  });
}

/** Whether the peer speaks TLS but its certificate is wrong. */
function isCertificateError(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /CERT|SELF_SIGNED|ISSUER|ALTNAME/.test(code);
}

function isUnknownName(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN');
}

/** `isOwn`: this server obtains its certificate by itself. */
function badCertificate(reason: string, isOwn: boolean): Finding {
  const remedy = isOwn
    ? 'Either another machine answers, or the server has no certificate yet. Its log says why.'
    : 'Install a valid one in the reverse proxy.';
  return { status: 'fail', text: `Browsers reject the certificate: ${reason}. ${remedy}` };
}

function notReached(reason: string, isOwn: boolean): Finding {
  const remedy = isOwn
    ? 'If the server is running, check that DNS points to it, and that the firewall and the router allow TCP port 443 (and 80 if possible). Some routers do not let you reach your own public address from inside.'
    : 'Browsers allow the microphone only on HTTPS pages. Put a reverse proxy with TLS in front of the HTTP port, or set --domain.';
  return { status: 'warn', text: `The page cannot be reached from here: ${reason}. ${remedy}` };
}

function withoutName({ host }: Config): CheckResult {
  const name = 'https';
  if (isLocalHost(host)) {
    const text =
      'The page is for this machine only. For others set --domain, or put a reverse proxy with TLS in front of it.';
    return { name, status: 'ok', text };
  }
  const text =
    'The page is served to others without TLS, but browsers allow the microphone only on HTTPS pages. Set --domain, or put a reverse proxy with TLS in front of it and set --allow-hosts to have its certificate checked.';
  return { name, status: 'warn', text };
}
