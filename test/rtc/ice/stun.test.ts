import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { test } from 'tap';
import { HmacSha1 } from '../../../src/lib/hmac-sha1.ts';
import {
  ATTRIBUTE,
  localUfragOf,
  parseStun,
  STUN_TRANSACTION_ID_LENGTH,
  stunFingerprint,
  stunIntegrity,
  verifyStunIntegrity,
} from '../../../src/rtc/ice/stun.ts';
import { cases } from '../../helpers/cases.ts';
import { createPrng } from '../../helpers/prng.ts';
import { createBytes } from '../bytes.ts';

const hex = (text: string) => Buffer.from(text.replace(/\s+/g, ''), 'hex');
const bytes = createBytes(4);
const transactionId = bytes(12);
const PASSWORD = 'VOkJxbRl1RmTxUk/WvJxBt';

/** RFC 5769 section 2.1 */
const SAMPLE_REQUEST = hex(`000100582112a442b7e7a701bc34d686fa87dfae
  802200105354554e207465737420636c69656e74 002400046e0001ff 80290008932ff9b151263b36
  000600096576746a3a68367659202020 000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004e57a3bcf`);
/** RFC 5769 sections 2.2 and 2.3 */
const SAMPLE_IPV4 = hex(`0101003c2112a442b7e7a701bc34d686fa87dfae 8022000b7465737420766563746f7220
  002000080001a147e112a643 000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7 80280004c07d4c96`);
const SAMPLE_IPV6 = hex(`010100482112a442b7e7a701bc34d686fa87dfae 8022000b7465737420766563746f7220
  002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9 00080014a382954e4be67bf11784c97c8292c275bfe3ed41 80280004c8fb0b4c`);

test('the request of RFC 5769 is parsed and authentic', (t) => {
  const message = parseStun(SAMPLE_REQUEST);
  t.match(message, {
    class: 'request',
    username: 'evtj:h6vY',
    priority: 0x6e0001ff,
    role: 'controlled',
    useCandidate: false,
  });
  t.ok(verifyStunIntegrity(SAMPLE_REQUEST, message!, PASSWORD));
  t.notOk(verifyStunIntegrity(SAMPLE_REQUEST, message!, 'another password'));
  t.end();
});

test('the responses of RFC 5769 are parsed and authentic', (t) => {
  for (const [datagram, address] of [
    [SAMPLE_IPV4, '192.0.2.1'],
    [SAMPLE_IPV6, '2001:db8:1234:5678:11:2233:4455:6677'],
  ] as const) {
    const message = parseStun(datagram)!;
    t.same(message.xorMappedAddress, { address, port: 32_853 });
    t.ok(verifyStunIntegrity(datagram, message, PASSWORD));
  }
  t.end();
});

interface Attribute {
  readonly type: number;
  readonly value: Uint8Array;
}

const COOKIE = 0x2112a442;

/** A message with these attributes (RFC 8489 section 5). */
function message(attributes: readonly Attribute[], { type = 1, cookie = COOKIE, extra = 0 } = {}): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt16BE(type, 0);
  header.writeUInt32BE(cookie, 4);
  header.set(transactionId, 8);
  const parts = attributes.map(({ type: ofAttribute, value }) => {
    const bytes = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
    bytes.writeUInt16BE(ofAttribute, 0);
    bytes.writeUInt16BE(value.length, 2);
    bytes.set(value, 4);
    return bytes;
  });
  const whole = Buffer.concat([header, ...parts]);
  whole.writeUInt16BE(whole.length - 20 + extra, 2);
  return whole;
}

const attribute = (type: number, ...value: number[]): Attribute => ({ type, value: Uint8Array.from(value) });
const zeros = (length: number) => Array<number>(length).fill(0);
const text = (type: number, value: string): Attribute => ({ type, value: Buffer.from(value) });

/** With MESSAGE-INTEGRITY, then `more`, then FINGERPRINT. */
function authentic(attributes: readonly Attribute[], more: readonly Attribute[] = []): Buffer {
  const placeholder = attribute(ATTRIBUTE.MESSAGE_INTEGRITY, ...zeros(20));
  const unsigned = message([...attributes, placeholder]);
  const integrity = {
    type: ATTRIBUTE.MESSAGE_INTEGRITY,
    value: stunIntegrity(unsigned, unsigned.length - 24, PASSWORD),
  };
  const whole = message([...attributes, integrity, ...more, attribute(ATTRIBUTE.FINGERPRINT, ...zeros(4))]);
  whole.writeUInt32BE(stunFingerprint(whole, whole.length - 8), whole.length - 4);
  return whole;
}

test('a message without attributes is valid, in each class', (t) => {
  for (const [type, name] of [
    [0x0001, 'request'],
    [0x0011, 'indication'],
    [0x0101, 'success'],
    [0x0111, 'error'],
  ] as const) {
    t.match(parseStun(message([], { type })), {
      class: name,
      username: null,
      priority: null,
      useCandidate: false,
      role: null,
      xorMappedAddress: null,
      errorCode: null,
      unknownRequired: [],
      integrityAt: null,
      hasFingerprint: false,
    });
  }
  for (const type of [0x0000, 0x0002, 0x0003, 0x0113, 0x8001]) t.equal(parseStun(message([], { type })), null);
  t.equal(parseStun(message([], { cookie: COOKIE + 1 })), null);
  t.same(Buffer.from(parseStun(message([]))!.transactionId), transactionId);
  t.equal(transactionId.length, STUN_TRANSACTION_ID_LENGTH);
  for (const extra of [-4, 4]) t.equal(parseStun(message([text(ATTRIBUTE.USERNAME, 'a:b')], { extra })), null);
  t.equal(verifyStunIntegrity(message([]), parseStun(message([]))!, PASSWORD), false);
  t.end();
});

test('an attribute that does not match its type makes the message invalid', (t) => {
  const family4 = [0, 1, 0x21, 0x12, 1, 2, 3, 4];
  const family6 = [0, 2, 0x21, 0x12, ...zeros(16)];
  for (const [type, good, bad] of [
    [ATTRIBUTE.PRIORITY, [[1, 2, 3, 4]], [[], [1, 2, 3], [1, 2, 3, 4, 5]]],
    [ATTRIBUTE.USE_CANDIDATE, [[]], [[0], [0, 0, 0, 0]]],
    [ATTRIBUTE.ICE_CONTROLLING, [zeros(8)], [zeros(7), zeros(9), zeros(4)]],
    [ATTRIBUTE.ICE_CONTROLLED, [zeros(8)], [zeros(7), zeros(9), zeros(4)]],
    [ATTRIBUTE.MESSAGE_INTEGRITY, [zeros(20)], [zeros(19), zeros(21), zeros(32)]],
    [ATTRIBUTE.FINGERPRINT, [], [zeros(4), zeros(3), zeros(5), []]],
    [ATTRIBUTE.USERNAME, [[], zeros(512), zeros(513)], [zeros(514), zeros(600)]],
    [
      ATTRIBUTE.XOR_MAPPED_ADDRESS,
      [family4, family6],
      [[], family4.slice(0, 7), [...family4, 0], [0, 2, ...family4.slice(2)], [0, 1, ...family6.slice(2)]],
    ],
    [
      ATTRIBUTE.ERROR_CODE,
      [
        [0, 0, 3, 0],
        [0, 0, 4, 20],
        [0, 0, 6, 99],
        [0, 0, 0xfc, 0, 65],
      ],
      [
        [0, 0, 4],
        [0, 0, 2, 99],
        [0, 0, 7, 0],
        [0, 0, 4, 100],
        [0, 0, 4, 255],
      ],
    ],
  ] as const) {
    for (const value of good) t.ok(parseStun(message([attribute(type, ...value)])), `${type}: ${value.length}`);
    for (const value of bad) t.equal(parseStun(message([attribute(type, ...value)])), null, `${type}: ${value.length}`);
  }
  t.end();
});

test('the values of attributes are parsed', (t) => {
  const parsed = parseStun(
    message([
      text(ATTRIBUTE.USERNAME, 'server:client'),
      attribute(ATTRIBUTE.PRIORITY, 0xff, 0, 0, 1),
      attribute(ATTRIBUTE.USE_CANDIDATE),
      attribute(ATTRIBUTE.ICE_CONTROLLED, ...zeros(8)),
      attribute(ATTRIBUTE.ERROR_CODE, 0, 0, 4, 87),
    ]),
  );
  t.match(parsed, {
    username: 'server:client',
    priority: 0xff000001,
    useCandidate: true,
    role: 'controlled',
    errorCode: 487,
  });
  t.match(parseStun(message([attribute(ATTRIBUTE.ICE_CONTROLLING, ...zeros(8))])), { role: 'controlling' });
  t.end();
});

test('the first of several attributes of one type counts', (t) => {
  const parsed = parseStun(
    message([
      text(ATTRIBUTE.USERNAME, 'first'),
      text(ATTRIBUTE.USERNAME, 'second'),
      attribute(ATTRIBUTE.PRIORITY, 0, 0, 0, 1),
      attribute(ATTRIBUTE.PRIORITY, 0, 0, 0, 2),
      attribute(ATTRIBUTE.ICE_CONTROLLING, ...zeros(8)),
      attribute(ATTRIBUTE.ICE_CONTROLLED, ...zeros(8)),
      attribute(ATTRIBUTE.ICE_CONTROLLING, ...zeros(8)),
      attribute(ATTRIBUTE.ERROR_CODE, 0, 0, 4, 1),
      attribute(ATTRIBUTE.ERROR_CODE, 0, 0, 4, 2),
      attribute(ATTRIBUTE.XOR_MAPPED_ADDRESS, 0, 1, 0x21, 0x12, 0x21, 0x12, 0xa4, 0x43),
      attribute(ATTRIBUTE.XOR_MAPPED_ADDRESS, 0, 1, 0x21, 0x12, 0x21, 0x12, 0xa4, 0x44),
    ]),
  );
  t.match(parsed, {
    username: 'first',
    priority: 1,
    role: 'controlling',
    errorCode: 401,
    xorMappedAddress: { address: '0.0.0.1', port: 0 },
  });
  const controlled = [ATTRIBUTE.ICE_CONTROLLED, ATTRIBUTE.ICE_CONTROLLING].map((type) => attribute(type, ...zeros(8)));
  t.match(parseStun(message(controlled)), { role: 'controlled' });
  t.end();
});

test('attributes after the integrity are not covered by it, so they are ignored', (t) => {
  const more = [
    text(ATTRIBUTE.USERNAME, 'somebody:else'),
    attribute(ATTRIBUTE.USE_CANDIDATE),
    attribute(0x7001, 1),
    attribute(ATTRIBUTE.PRIORITY),
  ];
  const datagram = authentic([attribute(ATTRIBUTE.PRIORITY, 0, 0, 0, 5)], more);
  const parsed = parseStun(datagram)!;
  t.match(parsed, { username: null, priority: 5, useCandidate: false, unknownRequired: [], hasFingerprint: true });
  t.ok(verifyStunIntegrity(datagram, parsed, PASSWORD));
  t.end();
});

test('nothing follows the fingerprint, and a wrong one makes the message invalid', (t) => {
  const datagram = authentic([text(ATTRIBUTE.USERNAME, 'a:b')]);
  t.match(parseStun(datagram), { hasFingerprint: true });
  const longer = Buffer.concat([datagram, Buffer.from([0x80, 0x22, 0, 0])]);
  longer.writeUInt16BE(longer.length - 20, 2);
  t.equal(parseStun(longer), null);
  for (let bit = 0; bit < 32; bit++) {
    const wrong = Buffer.from(datagram);
    wrong[wrong.length - 4 + (bit >> 3)]! ^= 1 << (bit & 7);
    t.equal(parseStun(wrong), null);
  }
  t.end();
});

test('the integrity is the HMAC of the message before it, in whatever form the key is kept', (t) => {
  const whole = authentic([text(ATTRIBUTE.USERNAME, 'a:b')]);
  const before = Buffer.from(whole);
  const parsed = parseStun(whole)!;
  for (const key of [PASSWORD, Buffer.from(PASSWORD), new HmacSha1(Buffer.from(PASSWORD))]) {
    t.ok(verifyStunIntegrity(whole, parsed, key));
  }
  t.same(whole, before, 'verifying changes nothing');
  // RFC 8489 section 14.5: the length counts as if the message ended with the integrity.
  const covered = Buffer.from(whole.subarray(0, parsed.integrityAt!));
  covered.writeUInt16BE(parsed.integrityAt! - 20 + 24, 2);
  t.same(
    whole.subarray(parsed.integrityAt! + 4, parsed.integrityAt! + 24),
    createHmac('sha1', PASSWORD).update(covered).digest(),
  );
  t.end();
});

test('unknown comprehension-required attributes are kept, eight at most', (t) => {
  const required = [0x0002, 0x7001, 0x7fff];
  const optional = [0x8000, 0xc057, 0xffff];
  // MAPPED-ADDRESS, UNKNOWN-ATTRIBUTES, REALM, NONCE, MESSAGE-INTEGRITY-SHA256, PASSWORD-ALGORITHM, USERHASH, SOFTWARE
  const known = [0x0001, 0x000a, 0x0014, 0x0015, 0x001c, 0x001d, 0x001e, 0x8022];
  const all = [...optional, ...known, ...required].map((type) => attribute(type, 1, 2, 3));
  t.same(parseStun(message(all))!.unknownRequired, required);
  const many = Array.from({ length: 12 }, (_, i) => 0x7100 + i);
  t.same(parseStun(message(many.map((type) => attribute(type))))!.unknownRequired, many.slice(0, 8));
  t.end();
});

test('attributes of any length are found one after another, and a truncated one makes the message invalid', (t) => {
  const lengths = fc.array(fc.nat(40), { maxLength: 12 });
  fc.assert(
    fc.property(lengths, fc.nat(11), (wanted, extra) => {
      const whole = message(wanted.map((length, i) => attribute(0x7200 + i, ...zeros(length))));
      const found = parseStun(whole)?.unknownRequired.join();
      const isFound =
        found ===
        wanted
          .map((_, i) => 0x7200 + i)
          .slice(0, 8)
          .join();
      const cut = Buffer.from(whole.subarray(0, whole.length - 4 * (extra + 1)));
      if (cut.length >= 20) cut.writeUInt16BE(cut.length - 20, 2);
      // At an attribute boundary a truncation cannot be detected.
      const bounds = [20];
      for (const length of wanted) bounds.push(bounds.at(-1)! + 4 + Math.ceil(length / 4) * 4);
      return isFound && (parseStun(cut) !== null) === bounds.includes(cut.length);
    }),
  );
  t.end();
});

test('a request is for the owner of the first part of its user name', (t) => {
  for (const [username, ufrag] of [
    ['server:client', 'server'],
    ['a:b:c', 'a'],
    ['alone', 'alone'],
    [':client', ''],
  ] as const) {
    t.equal(localUfragOf(parseStun(message([text(ATTRIBUTE.USERNAME, username)]))!), ufrag);
  }
  t.equal(localUfragOf(parseStun(message([]))!), null);
  t.end();
});

test('a message that is truncated, extended or changed in one bit is never authentic', (t) => {
  for (const sample of [SAMPLE_REQUEST, SAMPLE_IPV4, SAMPLE_IPV6]) {
    for (let length = 0; length < sample.length; length++) t.notOk(parseStun(sample.subarray(0, length)));
    t.notOk(parseStun(Buffer.concat([sample, Buffer.alloc(4)])));
    for (let bit = 0; bit < sample.length * 8; bit++) {
      const mutated = Buffer.from(sample);
      mutated[bit >> 3]! ^= 1 << (bit & 7);
      const message = parseStun(mutated);
      if (message !== null && verifyStunIntegrity(mutated, message, PASSWORD) && message.hasFingerprint)
        t.fail(`bit ${bit}`);
    }
  }
  t.end();
});

test('whatever bytes arrive, parsing does not throw', (t) => {
  const prng = createPrng(9);
  let parsed = 0;
  for (let i = 0; i < cases(20_000); i++) {
    const attributes = bytes(4 * Math.floor(prng() * 20));
    for (let at = 0; at + 4 <= attributes.length; at += 8) {
      attributes[at] = prng() < 0.5 ? 0 : 0x80;
      attributes[at + 1] = [6, 8, 9, 0x20, 0x24, 0x25, 0x28, 0x2a][Math.floor(prng() * 8)]!;
      attributes[at + 2] = 0;
      attributes[at + 3] = Math.floor(prng() * 8);
    }
    const datagram = Buffer.concat([SAMPLE_REQUEST.subarray(0, 20), attributes]);
    datagram.writeUInt16BE(attributes.length, 2);
    const message = parseStun(datagram);
    if (message !== null) {
      parsed++;
      t.notOk(verifyStunIntegrity(datagram, message, PASSWORD));
    }
  }
  t.ok(parsed > cases(10), `${parsed} were well-formed`);
  t.end();
});
