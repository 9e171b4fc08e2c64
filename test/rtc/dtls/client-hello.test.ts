import * as fc from 'fast-check';
import { test } from 'tap';
import { REFUSAL_ALERT, refusalOf } from '../../../src/rtc/dtls/client-hello.ts';
import { clientHelloBody } from './hellos.ts';

test('a ClientHello that can lead to a connection is taken, whatever else it offers', (t) => {
  t.equal(refusalOf(clientHelloBody()), null);
  t.equal(refusalOf(clientHelloBody({ suites: [0x1301, 0xc02b], groups: [0x11ec, 29], profiles: [2, 1] })), null);
  t.equal(refusalOf(clientHelloBody({ groups: null, signatures: null, cookie: 20, sessionId: 32 })), null);
  t.equal(refusalOf(clientHelloBody({ groups: [24, 23], profiles: [7], signatures: [0x0804, 0x0403] })), null);
  t.end();
});

test('one that cannot is refused with the alert that says so', (t) => {
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

test('what is cut off anywhere is not well-formed, or lacks something', (t) => {
  const whole = clientHelloBody();
  for (let length = 0; length < whole.length; length++) t.not(refusalOf(whole.subarray(0, length)), null, `${length}`);
  t.match(refusalOf(whole.subarray(0, whole.length - 1)), { alert: REFUSAL_ALERT.decodeError });
  t.match(refusalOf(Buffer.concat([whole, Buffer.from([0])])), { alert: REFUSAL_ALERT.decodeError });
  fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => refusalOf(bytes) !== null));
  t.end();
});
