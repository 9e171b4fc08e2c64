/** Does the page come by https, which browsers want before they give the microphone? */
import { connect, type TLSSocket } from 'node:tls';
import type { Config } from '../../config.ts';
import type { Millis } from '../../lib/clock.ts';
import { isLoopback } from '../../rtc/local-addresses.ts';
import { type CheckInput, type CheckResult, reasonOf, within } from './result.ts';

const LIMIT_MS: Millis = 3000;
const HTTPS_PORT = 443;
const DAY_MS: Millis = 86_400_000;
const SOON_DAYS = 14;

/** One result for each of `--allow-hosts`, the names that the page has; or one for all without names. */
export async function checkHttps({ config, clock }: CheckInput, port = HTTPS_PORT): Promise<readonly CheckResult[]> {
  if (config.allowHosts.length === 0) return [withoutName(config)];
  return Promise.all(
    config.allowHosts.map(async (host): Promise<CheckResult> => {
      const name = `https://${host}`;
      const socket = connect({ host, port, servername: host });
      try {
        const result = await within(clock, LIMIT_MS, secured(socket));
        if (result === undefined) return { name, ...notReached('nothing answers') };
        const daysLeft = (Date.parse(socket.getPeerCertificate().valid_to) - clock.wallNow()) / DAY_MS;
        if (daysLeft >= SOON_DAYS)
          return { name, status: 'ok', text: `The certificate is good for ${Math.floor(daysLeft)} days.` };
        return { name, status: 'warn', text: `The certificate expires in ${Math.floor(daysLeft)} days. Renew it.` };
      } catch (error) {
        return { name, ...(isOfCertificate(error) ? badCertificate(reasonOf(error)) : notReached(reasonOf(error))) };
      } finally {
        socket.destroy();
      }
    }),
  );
}

type Finding = Omit<CheckResult, 'name'>;

function secured(socket: TLSSocket): Promise<true> {
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', () => resolve(true));
    socket.on('error', reject);
  });
}

/** Whoever is there speaks TLS; it is the certificate that is wrong. */
function isOfCertificate(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /CERT|SELF_SIGNED|ISSUER|ALTNAME/.test(code);
}

function badCertificate(reason: string): Finding {
  return {
    status: 'fail',
    text: `The certificate is refused by browsers: ${reason}. Give the reverse proxy a valid one.`,
  };
}

function notReached(reason: string): Finding {
  const text = `The page is not reached from here: ${reason}. Browsers give the microphone only to https pages: put a reverse proxy with TLS in front of the HTTP port.`;
  return { status: 'warn', text };
}

function withoutName({ host }: Config): CheckResult {
  const name = 'https';
  if (host === 'localhost' || isLoopback(host)) {
    const text = 'The page is for this machine. For others put a reverse proxy with TLS in front of it.';
    return { name, status: 'ok', text };
  }
  const text =
    'The page is served to others without TLS, and browsers give the microphone only to https pages: put a reverse proxy with TLS in front of it, and name the page with --allow-hosts to have its certificate checked.';
  return { name, status: 'warn', text };
}
