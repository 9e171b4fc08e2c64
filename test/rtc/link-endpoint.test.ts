import { test } from 'tap';
import { Demultiplexer } from '../../src/rtc/demultiplexer.ts';
import { LinkEndpoint } from '../../src/rtc/link-endpoint.ts';
import type { LinkParameters } from '../../src/rtc/link-options.ts';
import { NetworkPath } from '../../src/rtc/net/network-path.ts';
import { RedundancyCache } from '../../src/rtc/rtp/redundancy-cache.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { simulatedPort } from '../helpers/simulated-port.ts';
import { createBytes } from './bytes.ts';

const bytes = createBytes(20_261_203);
const newKey = () => ({ key: bytes(16), salt: bytes(12) });
const [DOWN, UP] = [newKey(), newKey()];
const A = { address: '10.0.0.1', port: 40_000 };
const B = { address: '10.0.0.2', port: 41_000 };

/** Both ends of a link; what one sends the test carries to the other. */
function setUp(change: Partial<LinkParameters> = {}) {
  const clock = new FakeClock();
  const end = (
    own: typeof A,
    to: typeof A,
    parameters: Pick<LinkParameters, 'localKey' | 'remoteKey' | 'localSsrc' | 'remoteSsrc'>,
  ) => {
    const demultiplexer = new Demultiplexer(simulatedPort(), clock);
    const sent: Buffer[] = [];
    const heard: { readonly text: string; readonly sequenceNumber: number; readonly redundant: boolean }[] = [];
    const log: string[] = [];
    const socket = {
      protocol: 'udp' as const,
      send: (datagram: Uint8Array, port: number, address: string) => {
        if (port !== to.port || address !== to.address) throw new Error('that is somewhere else');
        sent.push(Buffer.from(datagram));
        return true;
      },
    };
    const endpoint = new LinkEndpoint({
      id: 1,
      parameters: { ...parameters, from: own.address, to, ...change },
      path: new NetworkPath(socket, to.address, to.port, clock.now()),
      demultiplexer,
      redundancy: new RedundancyCache(),
      random: () => 0.5,
      nowMs: clock.now(),
      events: {
        packet: ({ payload, sequenceNumber, redundant }) =>
          heard.push({ text: Buffer.from(payload).toString(), sequenceNumber, redundant }),
        silent: (silent) => log.push(silent ? 'silent' : 'heard'),
        closed: (reason) => log.push(reason),
      },
    });
    const receive = (datagram: Buffer, from = to) =>
      demultiplexer.receive(Buffer.from(datagram), from.address, from.port, socket);
    const say = (text: string, timestamp: number) => endpoint.send(Buffer.from(text), timestamp, false, clock.now());
    return { demultiplexer, endpoint, sent, heard, log, receive, say };
  };
  const a = end(A, B, { localKey: DOWN, remoteKey: UP, localSsrc: 11, remoteSsrc: 22 });
  const b = end(B, A, { localKey: UP, remoteKey: DOWN, localSsrc: 22, remoteSsrc: 11 });
  return { clock, a, b };
}

test('what one end sends, the other hears, encrypted', (t) => {
  const { a, b } = setUp();
  a.say('hello', 960);
  t.notOk(a.sent[0]!.includes('hello'));
  b.receive(a.sent[0]!);
  t.match(b.heard, [{ text: 'hello', redundant: false }]);
  b.say('back', 960);
  a.receive(b.sent[0]!);
  t.match(a.heard, [{ text: 'back' }]);
  t.end();
});

test('only the other end is heard, each packet once', (t) => {
  const { a, b } = setUp();
  a.say('hello', 960);
  const [packet] = a.sent;
  for (const from of [
    { ...A, port: 1 },
    { ...A, address: '10.0.0.9' },
  ])
    b.receive(packet!, from);
  t.equal(b.demultiplexer.counters.unknownAddress, 2, 'strangers do not get as far as the keys');
  const forged = Buffer.from(packet!);
  forged[15]! ^= 1;
  b.receive(forged);
  t.equal(b.endpoint.counters.srtpForged, 1);
  const foreign = Buffer.from(packet!);
  foreign.writeUInt32BE(33, 8);
  b.receive(foreign);
  t.equal(b.demultiplexer.counters.unknownAddress, 3);
  b.receive(packet!.subarray(0, 11));
  t.equal(b.demultiplexer.counters.unknownAddress, 4);
  t.same(b.heard, []);
  b.receive(packet!);
  b.receive(packet!);
  t.equal(b.heard.length, 1);
  t.equal(b.endpoint.counters.srtpReplayed, 1);
  const totals = { packetsIn: 0, bytesIn: 0, packetsOut: 0, bytesOut: 0, redundantPacketsOut: 0, packetsRejected: 0 };
  b.endpoint.countInto(totals);
  t.match(totals, { packetsIn: 1, bytesIn: 5, packetsRejected: 2 });
  t.end();
});

test('after reports of loss, each packet has a copy of the one before', (t) => {
  const { clock, a, b } = setUp();
  for (let n = 0; n < 1000; n++) {
    clock.advance(20);
    a.say(`frame ${n}`, n * 960);
    if (n % 10 !== 0) b.receive(a.sent.at(-1)!);
    b.endpoint.housekeeping(clock.now(), clock.wallNow());
    for (const report of b.sent.splice(0)) a.receive(report);
  }
  t.ok((a.endpoint.network.outgoing?.lossRatio ?? 0) > 0.05, 'the loss is known');
  t.ok(b.heard.filter(({ redundant }) => redundant).length > 100);
  const late = new Set(b.heard.map(({ text }) => text));
  t.ok(late.has('frame 990') && late.has('frame 980'), 'what was lost is heard');
  t.end();
});

test('it is silent after two seconds, and over after six', (t) => {
  const { clock, a, b } = setUp();
  const pass = (ms: number) => {
    clock.advance(ms);
    b.endpoint.housekeeping(clock.now(), clock.wallNow());
  };
  pass(2000);
  t.same(b.log, []);
  pass(1);
  t.same(b.log, ['silent']);
  a.say('again', 960);
  b.receive(a.sent[0]!);
  pass(100);
  t.same(b.log, ['silent', 'heard']);
  pass(5900);
  t.same(b.log, ['silent', 'heard', 'silent']);
  pass(1);
  t.same(b.log, ['silent', 'heard', 'silent', 'silent']);
  pass(60_000);
  t.equal(b.log.length, 4, 'once');
  const before = b.sent.length;
  b.say('late', 1920);
  t.equal(b.sent.length, before);
  a.say('late', 1920);
  b.receive(a.sent.at(-1)!);
  t.equal(b.heard.length, 1);
  t.end();
});

test('parameters that cannot be those of a link, and a number that is taken, are errors', (t) => {
  for (const change of [
    { localSsrc: 0 },
    { localSsrc: 2 ** 32 },
    { remoteSsrc: 1.5 },
    { localSsrc: 22, remoteSsrc: 22 },
    { localKey: { key: bytes(15), salt: bytes(12) } },
    { remoteKey: { key: bytes(16), salt: bytes(14) } },
  ])
    t.throws(() => setUp(change), JSON.stringify(change));
  const { a } = setUp();
  t.notOk(a.demultiplexer.link(22, a.endpoint, new NetworkPath({} as never, '10.0.0.2', 41_000, 0)));
  a.endpoint.close(0, 0);
  a.endpoint.close(0, 0);
  t.ok(a.demultiplexer.link(22, a.endpoint, new NetworkPath({} as never, '10.0.0.2', 41_000, 0)));
  t.end();
});
