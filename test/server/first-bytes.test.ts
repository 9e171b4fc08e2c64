import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { test } from 'tap';
import { writeBindingRequest, writeBindingSuccess } from '../../src/rtc/ice/stun-writer.ts';
import { frame } from '../../src/rtc/net/stream-framing.ts';
import { beginningOf, MAX_BEGINNING } from '../../src/server/first-bytes.ts';
import { cases } from '../helpers/cases.ts';

const check = (username = 'ufrag1:peer') =>
  writeBindingRequest({
    transactionId: randomBytes(12),
    username,
    key: 'password',
    priority: 1,
    tieBreaker: 1n,
    useCandidate: true,
  });

/** What is known after each byte, without repetitions. */
function course(bytes: Uint8Array): string[] {
  const kinds: string[] = [];
  for (let length = 0; length <= bytes.length; length++) {
    const { kind } = beginningOf(Buffer.from(bytes.subarray(0, length)));
    if (kind !== kinds.at(-1)) kinds.push(kind);
  }
  return kinds;
}

test('TLS and HTTP are recognized by their first byte, however little came with it', (t) => {
  t.same(course(Buffer.from([0x16, 3, 1, 2, 0, 1])), ['open', 'tls']);
  for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS', 'DELETE', 'PATCH'])
    t.same(course(Buffer.from(`${method} / HTTP/1.1\r\n\r\n`)), ['open', 'http'], method);
  t.end();
});

test('an ICE check is recognized by its whole first frame, which names its recipient', (t) => {
  const framed = frame(check());
  t.same(course(framed), ['open', 'media']);
  t.same(beginningOf(framed.subarray(0, -1)), { kind: 'open' });
  t.same(beginningOf(framed), { kind: 'media', localUfrag: 'ufrag1' });
  t.same(beginningOf(Buffer.concat([framed, frame(check('other:peer'))])), { kind: 'media', localUfrag: 'ufrag1' });
  t.same(beginningOf(frame(check('x'.repeat(500)))), { kind: 'media', localUfrag: 'x'.repeat(500) });
  t.end();
});

test('frames with anything else are refused as soon as that shows', (t) => {
  const good = frame(check());
  for (const at of [2, 3, 6, 7, 8, 9]) {
    const bent = Buffer.from(good);
    bent[at]! ^= 0x80;
    t.same(beginningOf(bent.subarray(0, at)), { kind: 'open' }, `byte ${at} has not come`);
    t.same(beginningOf(bent.subarray(0, at + 1)), { kind: 'unknown' }, `byte ${at} is wrong`);
  }
  const path = { address: '192.0.2.1', port: 1 };
  t.equal(beginningOf(frame(writeBindingSuccess(randomBytes(12), path, 'password'))).kind, 'unknown', 'an answer');
  const forged = Buffer.from(good);
  forged[good.length - 1]! ^= 1;
  t.equal(beginningOf(forged).kind, 'unknown', 'a wrong fingerprint');
  t.equal(beginningOf(Buffer.from([0, 19])).kind, 'unknown', 'a frame without room for STUN');
  t.equal(beginningOf(Buffer.from([0, 0])).kind, 'unknown', 'a frame without content');
  t.equal(beginningOf(Buffer.from([4])).kind, 'unknown', 'a frame that is too long');
  t.end();
});

test('for any input, the decision takes no more bytes than are buffered, and never changes', (t) => {
  const seed = 45;
  const beginnings = fc.constantFrom(Buffer.alloc(0), frame(check()).subarray(0, 10), Buffer.from([3, 0xff, 0, 1]));
  fc.assert(
    fc.property(beginnings, fc.uint8Array({ maxLength: 1100 }), (beginning, rest) => {
      const bytes = Buffer.concat([beginning, rest]);
      const kinds = course(bytes);
      const decided = kinds.filter((kind) => kind !== 'open');
      return decided.length <= 1 && (bytes.length < MAX_BEGINNING || decided.length === 1);
    }),
    { seed, numRuns: cases(200) },
  );
  t.end();
});
