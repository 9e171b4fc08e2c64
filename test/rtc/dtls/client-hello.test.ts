import * as fc from 'fast-check';
import { test } from 'tap';
import { cookieOf, REFUSAL_ALERT, refusalOf } from '../../../src/rtc/dtls/client-hello.ts';
import { clientHelloBody } from './hellos.ts';

test('a ClientHello that can lead to a connection is accepted, whatever else it offers', (t) => {
  t.equal(refusalOf(clientHelloBody()), null);
  t.equal(refusalOf(clientHelloBody({ suites: [0x1301, 0xc02b], groups: [0x11ec, 29], profiles: [2, 1] })), null);
  t.equal(refusalOf(clientHelloBody({ groups: null, signatures: null, cookie: 20, sessionId: 32 })), null);
  t.equal(refusalOf(clientHelloBody({ groups: [24, 23], profiles: [7], signatures: [0x0804, 0x0403] })), null);
  t.end();
});

test('session id, cookie and suites may be of any length', (t) => {
  const lengths = fc.record({ sessionId: fc.nat(255), cookie: fc.nat(255) });
  fc.assert(
    fc.property(lengths, fc.array(fc.nat(65_535)), fc.array(fc.nat(65_535)), (options, before, after) => {
      const whole = clientHelloBody({ ...options, suites: [...before, 0xc02b, ...after] });
      const others = [...before, ...after].filter((suite) => suite !== 0xc02b);
      const without = clientHelloBody({ ...options, suites: others });
      return (
        refusalOf(whole) === null &&
        cookieOf(whole).length === options.cookie &&
        refusalOf(without)?.reason === 'no common cipher suite'
      );
    }),
  );
  t.end();
});

test('the cookie is the field after the session id', (t) => {
  const body = clientHelloBody({ sessionId: 3, cookie: 4 });
  const at = 2 + 32 + 1 + 3 + 1;
  body.set([9, 8, 7, 6], at);
  t.same([...cookieOf(body)], [9, 8, 7, 6]);
  t.end();
});

test('a list ends where its own length says, neither earlier nor later', (t) => {
  const replaced = (type: number, content: readonly number[]) => {
    const whole = clientHelloBody({ groups: null, signatures: null, profiles: null });
    const others = { 10: [0, 2, 0, 23], 13: [0, 2, 4, 3], 14: [0, 2, 0, 1, 0], [type]: content };
    const extensions = Object.entries(others).flatMap(([id, value]) => [0, Number(id), 0, value.length, ...value]);
    const bytes = Buffer.concat([whole, Buffer.from(extensions)]);
    const lengthAt = whole.length - 4 - 2;
    bytes.writeUInt16BE(bytes.length - lengthAt - 2, lengthAt);
    return bytes;
  };
  t.equal(refusalOf(replaced(10, [0, 2, 0, 23])), null);
  for (const [type, isThere, isNot] of [
    [10, [0, 4, 0, 24, 0, 29], [0, 2, 0, 24, 0, 29]],
    [13, [0, 4, 6, 3, 4, 3], [0, 2, 6, 3, 4, 3]],
    [14, [0, 4, 0, 2, 0, 7, 0], [0, 2, 0, 2, 0, 7, 0]],
  ] as const) {
    t.equal(refusalOf(replaced(type, isThere)), null, `${type}`);
    t.match(refusalOf(replaced(type, isNot)), { alert: REFUSAL_ALERT.handshakeFailure }, `${type}`);
    for (const short of [[], [0], [0, 2], [0, 2, isThere[4]], [0, 1, 0, 0], [0, 0, isThere[4], isThere[5]]]) {
      t.match(refusalOf(replaced(type, short)), { alert: REFUSAL_ALERT.handshakeFailure }, `${type}: ${short}`);
    }
  }
  t.equal(refusalOf(replaced(10, [0, 9, 0, 23])), null, 'a truncated list is left out');
  t.end();
});

test('the extensions may be missing altogether, and their length must be right', (t) => {
  const whole = clientHelloBody();
  const without = whole.subarray(0, 2 + 32 + 1 + 1 + 2 + 2 + 2);
  t.match(refusalOf(without), { alert: REFUSAL_ALERT.handshakeFailure, reason: /SRTP/ });
  for (const difference of [-1, 1, 4]) {
    const wrong = Buffer.from(whole);
    wrong.writeUInt16BE(wrong.readUInt16BE(without.length) + difference, without.length);
    t.match(refusalOf(wrong), { alert: REFUSAL_ALERT.decodeError });
  }
  // The last extension claims to be longer than it is.
  const long = Buffer.from(whole);
  long.writeUInt16BE(1, long.length - 2);
  t.match(refusalOf(long), { alert: REFUSAL_ALERT.decodeError });
  t.end();
});

test('versions count downwards (RFC 6347 section 4.1)', (t) => {
  for (const [version, isTaken] of [
    [0xfefd, true],
    [0xfefc, true],
    [0xfefe, false],
    [0xfeff, false],
  ] as const) {
    t.equal(refusalOf(clientHelloBody({ version })) === null, isTaken);
  }
  t.end();
});

test('an unusable ClientHello is refused with the matching alert', (t) => {
  const { handshakeFailure, protocolVersion } = REFUSAL_ALERT;
  for (const [hello, alert, reason] of [
    [clientHelloBody({ suites: [0xc02f, 0x1301] }), handshakeFailure, /cipher suite/],
    [clientHelloBody({ suites: [] }), handshakeFailure, /cipher suite/],
    [clientHelloBody({ groups: [24, 25] }), handshakeFailure, /curve/],
    [clientHelloBody({ groups: [] }), handshakeFailure, /curve/],
    [clientHelloBody({ signatures: [0x0401, 0x0503] }), handshakeFailure, /signature/],
    [clientHelloBody({ profiles: [2, 5] }), handshakeFailure, /SRTP/],
    [clientHelloBody({ profiles: null }), handshakeFailure, /SRTP/],
    [clientHelloBody({ extendedMasterSecret: false }), handshakeFailure, /extended master secret/],
    [clientHelloBody({ version: 0xfeff }), protocolVersion, /DTLS 1.2/],
  ] as const) {
    t.match(refusalOf(hello), { alert, reason });
  }
  t.end();
});

test('a ClientHello truncated anywhere is malformed, or lacks something', (t) => {
  const whole = clientHelloBody();
  for (let length = 0; length < whole.length; length++) t.not(refusalOf(whole.subarray(0, length)), null, `${length}`);
  t.match(refusalOf(whole.subarray(0, whole.length - 1)), { alert: REFUSAL_ALERT.decodeError });
  t.match(refusalOf(Buffer.concat([whole, Buffer.from([0])])), { alert: REFUSAL_ALERT.decodeError });
  fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => refusalOf(bytes) !== null));
  t.end();
});
