import * as fc from 'fast-check';
import { test } from 'tap';
import { systemClock } from '../../../src/lib/clock.ts';
import { createCertificate, type Fingerprint } from '../../../src/rtc/dtls/certificate.ts';
import { DtlsSession } from '../../../src/rtc/dtls/dtls-session.ts';
import { SIGNATURE_SCHEMES } from '../../../src/rtc/dtls/peer-verification.ts';
import type { SrtpKeys } from '../../../src/rtc/srtp/srtp-keys.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { createPrng, type Prng } from '../../helpers/prng.ts';
import { createBytes } from '../bytes.ts';
import { type ClientIdentity, createClient, createIdentity } from '../dtls-client.ts';
import { clientHelloRecord } from './hellos.ts';

const certificate = await createCertificate();
const identity = await createIdentity();

type Outcome = { kind: 'connected'; keys: SrtpKeys } | { kind: 'failed'; reason: string };

interface Link {
  /** What becomes of a datagram: when each copy of it arrives. */
  toServer(datagram: Buffer): { delayMs: number; datagram: Buffer }[];
  toClient(datagram: Buffer): { delayMs: number; datagram: Buffer }[];
}

const perfect: Link = {
  toServer: (datagram) => [{ delayMs: 0, datagram }],
  toClient: (datagram) => [{ delayMs: 0, datagram }],
};

interface Handshake {
  readonly link?: Link;
  readonly as?: ClientIdentity;
  readonly fingerprint?: Fingerprint;
  readonly profiles?: (1 | 7)[];
  readonly timeoutMs?: number;
  readonly tamper?: (client: ReturnType<typeof createClient>) => void;
}

async function shakeHands(options: Handshake = {}) {
  const { link = perfect, as = identity, fingerprint = as.fingerprint, profiles } = options;
  const log: string[] = [];
  const toClient: Buffer[] = [];
  let settle: (outcome: Outcome) => void;
  const outcome = new Promise<Outcome>((resolve) => {
    settle = resolve;
  });
  const session = new DtlsSession({
    certificate,
    remoteFingerprints: [fingerprint],
    clock: systemClock,
    handshakeTimeoutMs: options.timeoutMs ?? 15_000,
    send: (datagram) => {
      toClient.push(datagram);
      for (const copy of link.toClient(datagram)) setTimeout(() => client.receive(copy.datagram), copy.delayMs);
    },
    events: {
      connected: (keys) => {
        log.push('connected');
        settle({ kind: 'connected', keys });
      },
      failed: (reason) => {
        log.push('failed');
        settle({ kind: 'failed', reason });
      },
      closed: () => log.push('closed'),
    },
  });
  const toServer = (datagram: Buffer) => {
    for (const copy of link.toServer(datagram)) setTimeout(() => session.receive(copy.datagram), copy.delayMs);
  };
  const client = createClient(as, toServer, profiles);
  const clientConnected = new Promise<void>((resolve) => client.client.onConnect.once(() => resolve()));
  options.tamper?.(client);
  client.client.connect().catch(() => {});
  const result = await outcome;
  return { result, session, client, clientConnected, log, toClient };
}

/** Splits every handshake message of a datagram's records into fragments of at most `size` bytes, each in a datagram of its own. */
function fragmented(datagram: Buffer, size: number): Buffer[] {
  const out: Buffer[] = [];
  for (let at = 0; at < datagram.length; ) {
    const end = at + 13 + datagram.readUInt16BE(at + 11);
    const record = datagram.subarray(at, end);
    at = end;
    if (record[0] !== 22 || record.readUInt16BE(3) !== 0) {
      out.push(record);
      continue;
    }
    const header = record.subarray(13, 25);
    const body = record.subarray(25);
    for (let offset = 0; offset < body.length; offset += size) {
      const piece = body.subarray(offset, offset + size);
      const fragment = Buffer.concat([record.subarray(0, 13), header, piece]);
      fragment.writeUInt16BE(12 + piece.length, 11);
      fragment.writeUIntBE(offset, 13 + 6, 3);
      fragment.writeUIntBE(piece.length, 13 + 9, 3);
      out.push(fragment);
    }
  }
  return out;
}

const alert = (level: number, description: number) =>
  Buffer.from([21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, level, description]);

for (const [profiles, expected] of [
  [[7, 1], 'AES128_CM_HMAC_SHA1_80'],
  [[7], 'AEAD_AES_128_GCM'],
] as const) {
  test(`a client that offers ${profiles} gets ${expected}, and both ends have the same keys`, async (t) => {
    const { result, client, clientConnected, session } = await shakeHands({ profiles: [...profiles] });
    await clientConnected;
    if (result.kind !== 'connected') throw new Error(result.reason);
    t.equal(result.keys.profile, expected);
    const theirs = client.client.extractSessionKeys(16, result.keys.local.salt.length);
    t.same(Buffer.from(result.keys.remote.key), theirs.localKey);
    t.same(Buffer.from(result.keys.remote.salt), theirs.localSalt);
    t.same(Buffer.from(result.keys.local.key), theirs.remoteKey);
    t.same(Buffer.from(result.keys.local.salt), theirs.remoteSalt);
    session.close();
    client.stop();
  });
}

test('a client with an RSA certificate is accepted', async (t) => {
  const { result, session, client } = await shakeHands({ as: await createIdentity('rsa') });
  t.equal(result.kind, 'connected');
  session.close();
  client.stop();
});

test('a client with another certificate than the announced one is refused', async (t) => {
  const other = await createIdentity();
  const { result, client, log } = await shakeHands({ fingerprint: other.fingerprint });
  t.match(result, { kind: 'failed', reason: /certificate/ });
  t.same(log, ['failed']);
  client.stop();
});

test('a client that shows a certificate without holding its key is refused', async (t) => {
  const victim = await createIdentity();
  const thief = { ...victim, keyPem: identity.keyPem };
  const { result, client } = await shakeHands({ as: thief });
  t.match(result, { kind: 'failed', reason: /signature/ });
  client.stop();
});

test('a client whose Finished does not fit the handshake is refused', async (t) => {
  const { result, client } = await shakeHands({
    tamper: ({ client: { cipher } }) => {
      const verifyData = cipher.verifyData.bind(cipher);
      cipher.verifyData = (bytes) => {
        const data = verifyData(bytes);
        data[0]! ^= 1;
        return data;
      };
    },
  });
  t.match(result, { kind: 'failed', reason: /does not match the handshake/ });
  client.stop();
});

test('every message may come in small fragments, out of order and twice', async (t) => {
  const prng = createPrng(5);
  const link: Link = {
    ...perfect,
    toServer: (datagram) =>
      fragmented(datagram, 40)
        .flatMap((piece) => [piece, piece])
        .map((piece) => ({ delayMs: prng() * 60, datagram: piece })),
  };
  const { result, session, client } = await shakeHands({ link });
  t.equal(result.kind, 'connected');
  session.close();
  client.stop();
});

function lossy(prng: Prng, loss: number): Link {
  // werift's client makes a new key for each copy of a ServerKeyExchange, so that message must come once.
  let hasKeyExchange = false;
  return {
    toServer: (datagram) =>
      prng() < loss ? [] : Array.from({ length: prng() < 0.3 ? 2 : 1 }, () => ({ delayMs: prng() * 40, datagram })),
    toClient: (datagram) => {
      const isKeyExchange = datagram[0] === 22 && datagram[13] === 12;
      if (prng() < loss || (isKeyExchange && hasKeyExchange)) return [];
      hasKeyExchange ||= isKeyExchange;
      return [{ delayMs: prng() * 40, datagram }];
    },
  };
}

test('handshakes succeed over links that lose, duplicate and reorder', async (t) => {
  const seeds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  await Promise.all(
    seeds.map(async (seed) => {
      const { result, clientConnected, session, client } = await shakeHands({ link: lossy(createPrng(seed), 0.2) });
      t.equal(result.kind, 'connected', `seed ${seed}${result.kind === 'failed' ? `: ${result.reason}` : ''}`);
      await clientConnected;
      session.close();
      client.stop();
    }),
  );
});

test('a lost last flight is sent again when the client repeats its own', async (t) => {
  let lost = 0;
  const link: Link = {
    ...perfect,
    toClient: (datagram) => {
      const isLastFlight = datagram[0] === 20 || datagram.readUInt16BE(3) === 1;
      if (isLastFlight && lost++ < 4) return [];
      return [{ delayMs: 0, datagram }];
    },
  };
  const { result, clientConnected, session, client } = await shakeHands({ link });
  t.equal(result.kind, 'connected');
  await clientConnected;
  t.equal(lost > 4, true);
  session.close();
  client.stop();
});

test('after connection, what comes in the clear or forged changes nothing, and the authentic close_notify ends it', async (t) => {
  const { result, clientConnected, session, client, log, toClient } = await shakeHands();
  await clientConnected;
  t.equal(result.kind, 'connected');
  const sent = toClient.length;
  session.receive(alert(2, 40));
  session.receive(alert(1, 0));
  const encryptedLook = alert(1, 0);
  encryptedLook[4] = 1;
  session.receive(encryptedLook);
  const bytes = createBytes(3);
  for (let i = 0; i < 2000; i++) session.receive(bytes(i % 100));
  t.same(log, ['connected']);
  t.equal(toClient.length, sent, 'and nothing is answered');

  const { cipher, sessionType } = client.client;
  const body = cipher.cipher.encrypt(sessionType, Buffer.from([1, 0]), {
    type: 21,
    version: 0xfefd,
    epoch: 1,
    sequenceNumber: 50,
  });
  const record = Buffer.concat([Buffer.from([21, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 50, 0, body.length]), body]);
  session.receive(record);
  session.receive(record);
  t.same(log, ['connected', 'closed']);
  client.stop();
});

test('closing sends a close_notify that the client can read', async (t) => {
  const { clientConnected, session, client, toClient, log } = await shakeHands();
  await clientConnected;
  session.close();
  session.close();
  const record = toClient.at(-1)!;
  const { cipher, sessionType } = client.client;
  const header = { type: 21, version: 0xfefd, epoch: 1, sequenceNumber: record.readUIntBE(5, 6) };
  t.same([...cipher.cipher.decrypt(sessionType, record.subarray(13), header)], [1, 0]);
  t.same(log, ['connected']);
  client.stop();
});

function unanswered(clock: FakeClock, send: (datagram: Buffer) => void = () => {}) {
  const log: string[] = [];
  const session = new DtlsSession({
    certificate,
    remoteFingerprints: [identity.fingerprint],
    clock,
    send,
    events: {
      connected: () => log.push('connected'),
      failed: (reason) => log.push(reason),
      closed: () => log.push('closed'),
    },
  });
  return { session, log };
}

test('a handshake that does not complete fails after 15 seconds, once, and leaves no timer', (t) => {
  const clock = new FakeClock();
  const { log } = unanswered(clock);
  clock.advance(14_999);
  t.same(log, []);
  clock.advance(1);
  t.same(log, ['the handshake took too long']);
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('our flight is repeated with growing pauses while the client is silent', async (t) => {
  const clock = new FakeClock();
  const sent: number[] = [];
  let inbox: Buffer[] = [];
  const { session, log } = unanswered(clock, (datagram) => {
    sent.push(clock.now());
    inbox.push(datagram);
  });
  const client = createClient(identity, (datagram) => session.receive(datagram));
  client.client.connect().catch(() => {});
  const [verifyRequest] = inbox;
  inbox = [];
  // The client answers the HelloVerifyRequest, and is not heard of again.
  client.receive(verifyRequest!);
  await new Promise(setImmediate);
  const flight = inbox.length;
  t.ok(flight > 3);
  clock.advance(20_000);
  const times = [...new Set(sent.slice(1 + flight))];
  t.same(times, [400, 1200, 2800, 6000, 12_400]);
  t.same(log, ['the handshake took too long']);
  t.equal(clock.pendingTimers, 0);
  client.stop();
});

test('a fatal alert during the handshake ends it a second later, because the alert may be forged', (t) => {
  const clock = new FakeClock();
  const { session, log } = unanswered(clock);
  session.receive(alert(2, 40));
  session.receive(alert(2, 41));
  clock.advance(999);
  t.same(log, []);
  clock.advance(1);
  t.same(log, ['the peer aborted with alert 40']);
  session.close();
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('a ClientHello that can lead nowhere is refused by an alert at once, and the session ends a second later', (t) => {
  for (const [hello, description] of [
    [{ suites: [0xc02f] }, 40],
    [{ groups: [24] }, 40],
    [{ extendedMasterSecret: false }, 40],
    [{ version: 0xfeff }, 70],
  ] as const) {
    const clock = new FakeClock();
    const sent: Buffer[] = [];
    const { session, log } = unanswered(clock, (datagram) => sent.push(datagram));
    session.receive(clientHelloRecord(hello));
    t.equal(sent.length, 1);
    t.same([...sent[0]!.subarray(0, 5)], [21, 0xfe, 0xfd, 0, 0]);
    t.same([...sent[0]!.subarray(11)], [0, 2, 2, description]);
    for (let i = 0; i < 100; i++) session.receive(clientHelloRecord(hello));
    t.equal(sent.length, 16, 'it is said again to one who did not hear it, but not for ever');
    clock.advance(1000);
    t.equal(log.length, 1);
    t.equal(clock.pendingTimers, 0);
  }
  t.end();
});

test('a forged ClientHello that can lead nowhere does not end a handshake that goes on', async (t) => {
  const { result, session, client, log } = await shakeHands({
    link: {
      ...perfect,
      toServer: (datagram) => [
        { delayMs: 0, datagram: clientHelloRecord({ suites: [] }) },
        { delayMs: 0, datagram },
      ],
      // The client would take the alert to be true.
      toClient: (datagram) => (datagram[0] === 21 ? [] : [{ delayMs: 0, datagram }]),
    },
  });
  t.equal(result.kind, 'connected');
  await new Promise((resolve) => setTimeout(resolve, 1200));
  t.same(log, ['connected']);
  session.close();
  client.stop();
});

test('the peer is asked to sign in any way that is verified', async (t) => {
  const { session, client, toClient } = await shakeHands();
  const records = toClient.filter((datagram) => datagram[0] === 22 && datagram[13] === 13);
  t.equal(records.length, 1);
  const body = records[0]!.subarray(25);
  const listAt = 1 + body[0]!;
  const schemes = Array.from({ length: body.readUInt16BE(listAt) / 2 }, (_, i) =>
    body.readUInt16BE(listAt + 2 + 2 * i),
  );
  t.same([...schemes].sort(), [...SIGNATURE_SCHEMES.keys()].sort());
  t.ok(schemes.includes(0x0807), 'Ed25519 among them');
  session.close();
  client.stop();
});

test('a forged alert does not end a handshake that goes on', async (t) => {
  const { result, session, client, log } = await shakeHands({
    link: {
      ...perfect,
      toServer: (datagram) => [
        { delayMs: 0, datagram: alert(2, 40) },
        { delayMs: 0, datagram },
      ],
    },
  });
  t.equal(result.kind, 'connected');
  await new Promise((resolve) => setTimeout(resolve, 1200));
  t.same(log, ['connected']);
  session.close();
  client.stop();
});

test('whatever bytes come during a handshake, nothing is thrown and nothing connects', async (t) => {
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown) => rejections.push(reason);
  process.on('unhandledRejection', onRejection);
  const record = fc.record({
    type: fc.constantFrom(20, 21, 22, 22, 22, 23, 24, 63),
    epoch: fc.constantFrom(0, 0, 0, 1, 2),
    body: fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .tuple(fc.constantFrom(1, 1, 11, 15, 16, 20, 255), fc.nat({ max: 5 }), fc.uint8Array({ maxLength: 120 }))
        .map(([type, sequence, body]) => [type, 0, 0, body.length, 0, sequence, 0, 0, 0, 0, 0, body.length, ...body]),
    ),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(record, { maxLength: 8 }), async (records) => {
      const clock = new FakeClock();
      const { session, log } = unanswered(clock);
      for (const { type, epoch, body } of records) {
        session.receive(
          Buffer.from([type, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 1, body.length >> 8, body.length & 0xff, ...body]),
        );
      }
      await new Promise(setImmediate);
      session.close();
      return !log.includes('connected') && clock.pendingTimers === 0;
    }),
    { numRuns: 200 },
  );
  process.off('unhandledRejection', onRejection);
  t.same(rejections, []);
});

test('a true handshake whose datagrams are mutated never throws', async (t) => {
  const captured: Buffer[] = [];
  const link: Link = {
    ...perfect,
    toServer: (datagram) => {
      captured.push(Buffer.from(datagram));
      return [{ delayMs: 0, datagram }];
    },
  };
  const { session, client } = await shakeHands({ link });
  session.close();
  client.stop();
  const prng = createPrng(11);
  for (let run = 0; run < 300; run++) {
    const { session: victim } = unanswered(new FakeClock());
    for (const datagram of captured) {
      const mutated = Buffer.from(datagram);
      for (let i = 0; i < 3; i++) mutated[Math.floor(prng() * mutated.length)] = Math.floor(prng() * 256);
      victim.receive(mutated.subarray(0, prng() < 0.2 ? Math.floor(prng() * mutated.length) : mutated.length));
    }
    victim.close();
  }
  t.pass('300 handshakes survived');
});
