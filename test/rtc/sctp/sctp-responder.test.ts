import * as fc from 'fast-check';
import { test } from 'tap';
import { crc32c } from '../../../src/lib/crc.ts';
import { SctpResponder } from '../../../src/rtc/sctp/sctp-responder.ts';
import { cases } from '../../helpers/cases.ts';

const TAG = 0x1234_5678;
const PEER_TAG = 0xfedc_ba98;
const FIRST_TSN = 0xffff_fffe;

interface Chunk {
  readonly type: number;
  readonly flags: number;
  readonly body: Buffer;
}

function chunk(type: number, ...words: number[]): Buffer {
  const bytes = Buffer.alloc(4 + 4 * words.length);
  bytes.writeUInt8(type, 0);
  bytes.writeUInt16BE(bytes.length, 2);
  words.forEach((word, i) => {
    bytes.writeUInt32BE(word >>> 0, 4 + 4 * i);
  });
  return bytes;
}

function packet(tag: number, ...chunks: Buffer[]): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(5000, 0);
  header.writeUInt16BE(5001, 2);
  header.writeUInt32BE(tag, 4);
  return Buffer.concat([header, ...chunks]);
}

const INIT = packet(0, chunk(1, PEER_TAG, 100_000, 0x0010_0010, FIRST_TSN));

/** An association, as the peer sees it. */
class Peer {
  readonly sent: Buffer[] = [];
  readonly responder = new SctpResponder({ tag: TAG, send: (bytes) => this.sent.push(bytes) });

  /** What comes back, of at most one packet. */
  say(bytes: Uint8Array): Chunk[] {
    this.sent.length = 0;
    this.responder.receive(bytes);
    if (this.sent.length > 1) throw new Error('more than one packet');
    return this.sent.flatMap(chunksOf);
  }

  associate(): this {
    this.say(INIT);
    this.say(packet(TAG, chunk(10, 0)));
    return this;
  }
}

function chunksOf(bytes: Buffer): Chunk[] {
  const sum = bytes.readUInt32LE(8);
  const cleared = Buffer.from(bytes);
  cleared.writeUInt32LE(0, 8);
  if (crc32c(cleared, cleared.length) !== sum) throw new Error('a wrong checksum');
  if (bytes.length % 4 !== 0) throw new Error('no padding');
  const chunks: Chunk[] = [];
  for (let at = 12; at < bytes.length; ) {
    const length = bytes.readUInt16BE(at + 2);
    chunks.push({ type: bytes[at]!, flags: bytes[at + 1]!, body: bytes.subarray(at + 4, at + length) });
    at += (length + 3) & ~3;
  }
  return chunks;
}

test('an association is accepted: INIT, INIT ACK, COOKIE ECHO, COOKIE ACK (RFC 9260 section 5.1)', (t) => {
  const peer = new Peer();
  const [accepted, ...more] = peer.say(INIT);
  t.equal(more.length, 0);
  t.equal(accepted?.type, 2);
  const [reply] = peer.sent;
  t.equal(reply?.readUInt16BE(0), 5001);
  t.equal(reply?.readUInt16BE(2), 5000);
  t.equal(reply?.readUInt32BE(4), PEER_TAG);
  t.equal(accepted?.body.readUInt32BE(0), TAG);
  t.not(accepted?.body.readUInt32BE(4), 0, 'a window');
  t.not(accepted?.body.readUInt16BE(8), 0, 'streams');
  t.not(accepted?.body.readUInt16BE(10), 0);
  t.equal(accepted?.body.readUInt16BE(16), 7, 'a state cookie');
  const cookie = accepted!.body.subarray(20, 16 + accepted!.body.readUInt16BE(18));
  t.ok(cookie.length > 0);
  const echo = Buffer.concat([chunk(10), cookie]);
  echo.writeUInt16BE(echo.length, 2);
  t.match(peer.say(packet(TAG, echo)), [{ type: 11 }]);
  t.equal(peer.sent[0]?.readUInt32BE(4), PEER_TAG);
  t.end();
});

test('nothing is answered before an INIT, after an ABORT, or to another tag', (t) => {
  const peer = new Peer();
  const heartbeat = chunk(4, 1);
  t.strictSame(peer.say(packet(TAG, heartbeat)), []);
  peer.associate();
  t.match(peer.say(packet(TAG, heartbeat)), [{ type: 5 }]);
  t.strictSame(peer.say(packet(TAG + 1, heartbeat)), []);
  t.strictSame(peer.say(packet(0, heartbeat)), []);
  t.strictSame(peer.say(packet(TAG, chunk(6))), []);
  t.strictSame(peer.say(packet(TAG, heartbeat)), []);
  t.match(peer.say(INIT), [{ type: 2 }], 'another association');
  t.strictSame(new Peer().say(packet(0, chunk(1, 0, 1, 1, 1))), [], 'a tag of 0 is none');
  t.end();
});

test('heartbeats come back as they are, a shutdown and resets are confirmed', (t) => {
  const peer = new Peer().associate();
  t.match(peer.say(packet(TAG, chunk(4, 0x0001_0008, 0xdead_beef))), [
    { type: 5, body: Buffer.from('00010008deadbeef', 'hex') },
  ]);
  t.match(peer.say(packet(TAG, chunk(130, 0x000d_0012, 77, 0, 0))), [
    { type: 130, body: Buffer.from('0010000c0000004d00000001', 'hex') },
  ]);
  t.same(peer.say(packet(TAG, chunk(130, 0x000e_0012, 77, 0, 0))), [], 'a reset that asks for nothing (RFC 6525)');
  t.same(peer.say(packet(TAG, chunk(130, 0x000d_0004))), [], 'a reset that is cut short');
  t.match(peer.say(packet(TAG, chunk(7, 0))), [{ type: 8 }]);
  t.end();
});

test('data is acknowledged in order, however it comes, and across the end of the numbers', (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(40), { maxLength: 200 }), (order) => {
      const peer = new Peer().associate();
      let next = 0;
      for (const index of order) {
        const [sack] = peer.say(packet(TAG, chunk(0, FIRST_TSN + index, 0, 0, 0)));
        if (index === next) next++;
        if (sack?.type !== 3 || sack.body.readUInt32BE(0) !== (FIRST_TSN + next - 1) >>> 0) return false;
      }
      return true;
    }),
  );
  const peer = new Peer().associate();
  t.equal(peer.say(packet(TAG, chunk(192, FIRST_TSN + 9)))[0]?.body.readUInt32BE(0), (FIRST_TSN + 9) >>> 0, 'given up');
  t.equal(peer.say(packet(TAG, chunk(192, FIRST_TSN)))[0]?.body.readUInt32BE(0), (FIRST_TSN + 9) >>> 0, 'never back');
  const both = peer.say(packet(TAG, chunk(0, FIRST_TSN + 10, 0, 0), chunk(0, FIRST_TSN + 11, 0, 0), chunk(4, 9)));
  t.strictSame(
    both.map(({ type }) => type),
    [5, 3],
    'one SACK for a packet',
  );
  t.equal(both[1]?.body.readUInt32BE(0), (FIRST_TSN + 11) >>> 0);
  t.end();
});

test('whatever comes, nothing is thrown, and no more comes back than came', (t) => {
  const lengths = fc.uint8Array({ maxLength: 200 });
  fc.assert(
    fc.property(lengths, fc.boolean(), (bytes, hasHeader) => {
      const peer = new Peer().associate();
      const input = hasHeader ? packet(TAG, Buffer.from(bytes)) : Buffer.from(bytes);
      peer.say(input);
      return (peer.sent[0]?.length ?? 0) <= input.length + 36;
    }),
    { numRuns: cases(2000) },
  );
  t.end();
});

test('where nothing is answered, nothing is sent', (t) => {
  const peer = new Peer();
  for (const bytes of [packet(TAG, chunk(4, 1)), packet(0, chunk(6)), Buffer.alloc(12), Buffer.alloc(3)]) {
    peer.say(bytes);
    t.strictSame(peer.sent, []);
  }
  peer.associate();
  peer.say(packet(TAG, chunk(3, 0, 0, 0)));
  t.strictSame(peer.sent, [], 'an acknowledgement of what we never sent');
  t.end();
});
