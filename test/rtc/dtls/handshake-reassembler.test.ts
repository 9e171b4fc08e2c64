import * as fc from 'fast-check';
import { test } from 'tap';
import { HANDSHAKE_TYPE, HandshakeReassembler, handshakeRecord } from '../../../src/rtc/dtls/handshake-reassembler.ts';

interface Fragment {
  readonly type?: number;
  readonly sequence: number;
  /** The length of the whole message. */
  readonly length: number;
  readonly offset?: number;
  readonly body: Uint8Array;
  /** The length in the header, where that is not the length of the body. */
  readonly size?: number;
}

/** RFC 6347 section 4.2.2 */
function fragment({ type = 11, sequence, length, offset = 0, body, size = body.length }: Fragment): Buffer {
  const bytes = Buffer.alloc(12 + body.length);
  bytes.writeUInt8(type, 0);
  bytes.writeUIntBE(length, 1, 3);
  bytes.writeUInt16BE(sequence, 4);
  bytes.writeUIntBE(offset, 6, 3);
  bytes.writeUIntBE(size, 9, 3);
  bytes.set(body, 12);
  return bytes;
}

function whole(sequence: number, text: string, type = 11): Buffer {
  const body = Buffer.from(text);
  return fragment({ type, sequence, length: body.length, body });
}

/** Everything that can come out now. */
function takeAll(reassembler: HandshakeReassembler): string[] {
  const taken: string[] = [];
  for (let message = reassembler.peek(); message !== null; message = reassembler.peek()) {
    taken.push(`${message.sequence} ${message.type} ${message.body.toString('hex')}`);
    reassembler.accept();
  }
  return taken;
}

test('messages come out once, in order and whole, however they were fragmented, repeated and mixed', (t) => {
  const messages = fc.array(
    fc.record({ type: fc.nat(255), body: fc.uint8Array({ maxLength: 40 }), cuts: fc.array(fc.nat(40)) }),
    { minLength: 1, maxLength: 5 },
  );
  fc.assert(
    fc.property(messages, fc.infiniteStream(fc.nat(1000)), fc.boolean(), (wanted, order, inOneRecord) => {
      const fragments = wanted.flatMap(({ type, body, cuts }, sequence) => {
        const bounds = [0, ...cuts.filter((cut) => cut <= body.length).sort((a, b) => a - b), body.length];
        // Each overlaps the one before by a few bytes.
        return bounds.slice(1).map((end, i) => {
          const offset = Math.max(0, bounds[i]! - 3);
          return fragment({ type, sequence, length: body.length, offset, body: body.subarray(offset, end) });
        });
      });
      const twice = [...fragments, ...fragments].map((bytes) => ({ bytes, at: order.next().value as number }));
      const mixed = twice.sort((a, b) => a.at - b.at).map(({ bytes }) => bytes);
      const reassembler = new HandshakeReassembler();
      const out: string[] = [];
      for (const record of inOneRecord ? [Buffer.concat(mixed)] : mixed) {
        reassembler.receive(record);
        out.push(...takeAll(reassembler));
      }
      const expected = wanted.map(({ type, body }, i) => `${i} ${type} ${Buffer.from(body).toString('hex')}`);
      return out.join() === expected.join() && reassembler.nextSequence === wanted.length;
    }),
  );
  t.end();
});

test('a message stays until it is accepted, and a rejected one may arrive again', (t) => {
  const reassembler = new HandshakeReassembler();
  t.equal(reassembler.peek(), null);
  reassembler.receive(whole(0, 'forged'));
  t.match(reassembler.peek(), { sequence: 0, type: 11 });
  t.match(reassembler.peek(), { sequence: 0, type: 11 });
  reassembler.reject();
  t.equal(reassembler.peek(), null);
  t.equal(reassembler.nextSequence, 0);
  reassembler.receive(whole(0, 'true'));
  t.equal(reassembler.peek()!.body.toString(), 'true');
  reassembler.receive(whole(1, 'next'));
  reassembler.accept();
  t.equal(reassembler.peek()!.body.toString(), 'next');
  reassembler.clear();
  t.equal(reassembler.peek(), null);
  t.equal(reassembler.nextSequence, 1);
  t.end();
});

test('the first message that already came out is named, and nothing else', (t) => {
  const reassembler = new HandshakeReassembler();
  t.equal(reassembler.receive(whole(0, 'a')), null);
  t.equal(reassembler.receive(whole(0, 'a')), null, 'it has not come out yet');
  reassembler.receive(Buffer.concat([whole(1, 'b'), whole(2, 'c')]));
  t.equal(takeAll(reassembler).length, 3);
  t.equal(reassembler.receive(whole(0, 'a')), 0);
  t.equal(reassembler.receive(Buffer.concat([whole(3, 'd'), whole(2, 'c'), whole(1, 'b')])), 2);
  t.equal(takeAll(reassembler).length, 1, 'the new one among them is taken');
  t.equal(reassembler.receive(Buffer.concat([whole(1, 'b'), Buffer.alloc(11)])), 1);
  t.equal(reassembler.receive(Buffer.concat([Buffer.alloc(11)])), null);
  t.end();
});

test('malformed input is dropped with the rest of its record, and earlier fragments count', (t) => {
  const body = Buffer.from('body');
  for (const malformed of [
    fragment({ sequence: 1, length: 4, body, size: 5 }),
    fragment({ sequence: 1, length: 4, body, offset: 1 }),
    fragment({ sequence: 1, length: 3, body }),
    fragment({ sequence: 1, length: 16 * 1024 + 1, body }),
  ]) {
    const reassembler = new HandshakeReassembler();
    reassembler.receive(Buffer.concat([whole(0, 'good'), malformed]));
    reassembler.receive(Buffer.concat([malformed, whole(2, 'dropped')]));
    t.equal(takeAll(reassembler).length, 1);
    t.equal(reassembler.receive(Buffer.concat([whole(0, 'good'), malformed, whole(1, 'dropped')])), 0);
    t.equal(takeAll(reassembler).length, 0);
    reassembler.receive(whole(1, 'good'));
    t.equal(takeAll(reassembler).length, 1);
  }
  t.end();
});

test('a record that ends within a fragment or its header has no more', (t) => {
  const first = whole(0, 'first');
  const record = Buffer.concat([first, whole(1, 'second')]);
  for (let length = 0; length <= record.length; length++) {
    const reassembler = new HandshakeReassembler();
    reassembler.receive(record.subarray(0, length));
    t.equal(takeAll(reassembler).length, length === record.length ? 2 : length >= first.length ? 1 : 0, `${length}`);
  }
  t.end();
});

test('the largest message has 16 kB', (t) => {
  const reassembler = new HandshakeReassembler();
  const length = 16 * 1024;
  reassembler.receive(fragment({ sequence: 0, length, body: Buffer.alloc(length, 7) }));
  t.equal(reassembler.peek()?.body.length, length);
  t.end();
});

test('four messages may wait for an earlier one', (t) => {
  const reassembler = new HandshakeReassembler();
  for (const sequence of [5, 4, 3, 2, 1]) reassembler.receive(whole(sequence, 'x'));
  reassembler.receive(whole(0, 'x'));
  t.equal(takeAll(reassembler).length, 5);
  reassembler.receive(whole(5, 'x'));
  t.equal(takeAll(reassembler).length, 1);
  t.end();
});

test('a fragment that contradicts earlier ones is ignored, unless it is a whole message', (t) => {
  const half = (type: number, length: number) =>
    fragment({ type, sequence: 0, length, body: Buffer.from('ab'), offset: 0 });
  const rest = fragment({ type: 11, sequence: 0, length: 4, body: Buffer.from('cd'), offset: 2 });
  for (const contradiction of [half(12, 4), half(11, 5)]) {
    const reassembler = new HandshakeReassembler();
    reassembler.receive(half(11, 4));
    reassembler.receive(contradiction);
    reassembler.receive(rest);
    t.match(reassembler.peek(), { type: 11, body: Buffer.from('abcd') });
  }
  for (const [type, text] of [
    [12, 'wxyz'],
    [11, 'other'],
  ] as const) {
    const reassembler = new HandshakeReassembler();
    reassembler.receive(half(11, 4));
    reassembler.receive(whole(0, text, type));
    t.match(reassembler.peek(), { type, body: Buffer.from(text) });
  }
  t.end();
});

test('the first bytes received for a position stay', (t) => {
  const reassembler = new HandshakeReassembler();
  reassembler.receive(fragment({ sequence: 0, length: 4, body: Buffer.from('ab') }));
  reassembler.receive(fragment({ sequence: 0, length: 4, body: Buffer.from('XYc'), offset: 0 }));
  t.equal(reassembler.peek(), null);
  reassembler.receive(fragment({ sequence: 0, length: 4, body: Buffer.from('Zd'), offset: 2 }));
  t.equal(reassembler.peek()?.body.toString(), 'abcd');
  t.end();
});

test('the types have their registered numbers (RFC 5246 section 7.4)', (t) => {
  t.match(HANDSHAKE_TYPE, {
    clientHello: 1,
    certificate: 11,
    certificateVerify: 15,
    clientKeyExchange: 16,
    finished: 20,
  });
  t.end();
});

test('whatever bytes arrive, nothing is thrown', (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (records) => {
      const reassembler = new HandshakeReassembler();
      for (const record of records) {
        reassembler.receive(record);
        takeAll(reassembler);
      }
      return true;
    }),
  );
  t.end();
});

test('a message that is written has the header of RFC 6347 section 4.2.2, in one fragment', (t) => {
  const written = handshakeRecord(14, 0x0102, Buffer.from([0xaa, 0xbb]));
  t.equal(written.subarray(13).toString('hex'), '0e0000020102000000000002aabb');
  t.equal(written[0], 22, 'in a record');
  t.end();
});
