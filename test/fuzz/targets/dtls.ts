import { createCertificate } from '../../../src/rtc/dtls/certificate.ts';
import { DtlsSession } from '../../../src/rtc/dtls/dtls-session.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { createClient, createIdentity } from '../../rtc/dtls-client.ts';
import { type FuzzTarget, hold, joinFrames, splitFrames } from '../target.ts';

const certificate = await createCertificate();
const identity = await createIdentity();
const COOKIE_LENGTH = 20;

/**
 * Datagrams for a server's handshake, from a client whose handshake was recorded with another server. Its second
 * ClientHello gets the right cookie, so that the server looks at what follows. No input has the right signature, so
 * none may connect.
 */
export const dtls: FuzzTarget = {
  name: 'dtls',
  files: ['src/rtc/dtls/dtls-session.ts', 'src/rtc/dtls/dtls-record.ts', 'src/rtc/dtls/peer-verification.ts'],
  framed: true,
  // The reply to the second ClientHello is signed, and the key exchange runs in JavaScript.
  maxMs: 250,
  weight: 2,
  seeds: async () => {
    const datagrams = await record();
    return [joinFrames(datagrams), joinFrames(datagrams.slice(0, 1)), joinFrames(datagrams.slice(0, 2))];
  },
  run: async (input) => {
    const clock = new FakeClock();
    const sent: Buffer[] = [];
    const log: string[] = [];
    const session = new DtlsSession({
      certificate,
      remoteFingerprints: [identity.fingerprint],
      clock,
      send: (datagram) => sent.push(datagram),
      events: {
        connected: () => log.push('connected'),
        failed: () => log.push('failed'),
        data: () => log.push('data'),
        closed: () => log.push('closed'),
      },
    });
    let bytesIn = 0;
    for (const datagram of splitFrames(input)) {
      const withCookie = answerCookie(datagram, sent[0]);
      bytesIn += datagram.length;
      session.receive(withCookie);
      await new Promise(setImmediate);
      if (withCookie === datagram)
        hold(bytesOf(sent) <= Math.max(bytesIn, 0) || sent.length > 1, 'a first reply is not longer than the request');
    }
    hold(!log.includes('connected'), 'nobody connects without the right signature');
    clock.advance(20_000);
    hold(log.length <= 1, 'a handshake ends once');
    hold(sent.length < 200, 'the number of bytes sent is bounded');
    session.close();
    hold(clock.pendingTimers === 0, 'no timer is left');
  },
};

function bytesOf(datagrams: readonly Buffer[]): number {
  return datagrams.reduce((sum, { length }) => sum + length, 0);
}

/** The datagram, with the server's cookie inserted if it is a ClientHello with a cookie. */
function answerCookie(datagram: Uint8Array, verifyRequest: Buffer | undefined): Uint8Array {
  const at = cookieAt(datagram);
  if (at === null || verifyRequest === undefined || verifyRequest.length < COOKIE_LENGTH) return datagram;
  const patched = Uint8Array.from(datagram);
  patched.set(verifyRequest.subarray(verifyRequest.length - COOKIE_LENGTH), at);
  return patched;
}

function cookieAt(datagram: Uint8Array): number | null {
  const sessionIdAt = 13 + 12 + 34;
  if (datagram[0] !== 22 || datagram[13] !== 1) return null;
  const lengthAt = sessionIdAt + 1 + (datagram[sessionIdAt] ?? 0);
  return datagram[lengthAt] === COOKIE_LENGTH && lengthAt + COOKIE_LENGTH < datagram.length ? lengthAt + 1 : null;
}

/** The client's messages in a handshake that succeeds. */
function record(): Promise<Buffer[]> {
  return new Promise((resolve) => {
    const datagrams: Buffer[] = [];
    const session: DtlsSession = new DtlsSession({
      certificate,
      remoteFingerprints: [identity.fingerprint],
      clock: new FakeClock(),
      send: (datagram) => setImmediate(() => client.receive(datagram)),
      events: {
        connected: () => {
          client.stop();
          session.close();
          resolve(datagrams);
        },
        failed: () => {},
        data: () => {},
        closed: () => {},
      },
    });
    const client = createClient(identity, (datagram) => {
      datagrams.push(Buffer.from(datagram));
      session.receive(datagram);
    });
    client.client.connect().catch(() => {});
  });
}
