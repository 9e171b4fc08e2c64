/** Checks whether the other Mumble server is there, and is the right one. */
import { connect, type TLSSocket } from 'node:tls';
import { formatEndpoint } from '../../lib/net/host-port.ts';
import { upstreamServer } from '../../server/mumble-upstream.ts';
import { type CheckInput, type CheckResult, reasonOf } from './result.ts';

const NAME = 'other Mumble server';
const WITHIN_MS = 5000;

/** Nothing without one. It does not log in. */
export async function checkMumbleUpstream({ config, clock }: CheckInput): Promise<readonly CheckResult[]> {
  const server = upstreamServer(config);
  if (server === undefined) return [];
  const { host, port, pins } = server;
  const where = formatEndpoint(host, port);
  const socket = connect({ host, port, rejectUnauthorized: false, minVersion: 'TLSv1.2' });
  const cancel = clock.setTimer(clock.now() + WITHIN_MS, () => socket.destroy(new Error('it does not answer')));
  try {
    const problem = await secured(socket);
    const { fingerprint256 = '' } = socket.getPeerX509Certificate() ?? {};
    const digest = fingerprint256.replaceAll(':', '').toLowerCase();
    if (pins.length === 0 ? problem === null : pins.includes(digest))
      return [{ name: NAME, status: 'ok', text: `${where} answers with the expected certificate.` }];
    const pin = `If this is your server, set --mumble-upstream-certificate to ${digest}.`;
    const reason =
      pins.length === 0 ? `nobody known has signed its certificate (${problem})` : 'its certificate is another one';
    return [{ name: NAME, status: 'fail', text: `${where}: ${reason}. ${pin}` }];
  } catch (error) {
    const text = `${where} cannot be reached: ${reasonOf(error)}. The rooms go on without it, and it is tried again for ever.`;
    return [{ name: NAME, status: 'warn', text }];
  } finally {
    cancel();
    socket.destroy();
  }
}

/** Resolves when TLS stands: with null, or why the certificate is not trusted. */
async function secured(socket: TLSSocket): Promise<string | null> {
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', () => resolve(socket.authorized ? null : String(socket.authorizationError)));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('it closes the connection; perhaps it has banned this address')));
  });
}
