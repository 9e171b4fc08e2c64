import * as fc from 'fast-check';
import { test } from 'tap';
import { classes, Message, methods, parseMessage } from 'werift';
import { bytesToIp, ipToBytes } from '../../../src/lib/net/ip-address.ts';
import { parseStun, verifyStunIntegrity } from '../../../src/rtc/ice/stun.ts';
import { writeBindingRequest, writeBindingSuccess, writeUnknownAttributes } from '../../../src/rtc/ice/stun-writer.ts';
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

test('the request of RFC 5769 is understood and authentic', (t) => {
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

test('the responses of RFC 5769 are understood and authentic', (t) => {
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

test('a request that we write says everything and is authentic', (t) => {
  const request = {
    transactionId,
    username: 'server:client',
    key: 'k'.repeat(22),
    priority: 0x6e7f00ff,
    tieBreaker: 2n ** 63n,
    useCandidate: true,
  };
  const datagram = writeBindingRequest(request);
  const message = parseStun(datagram)!;
  t.match(message, {
    class: 'request',
    username: 'server:client',
    priority: 0x6e7f00ff,
    role: 'controlling',
    useCandidate: true,
    hasFingerprint: true,
  });
  t.same(Buffer.from(message.transactionId), transactionId);
  t.ok(verifyStunIntegrity(datagram, message, request.key));
  t.match(parseMessage(datagram, Buffer.from(request.key)), {
    messageMethod: methods.BINDING,
    messageClass: classes.REQUEST,
  });
  t.end();
});

test('responses that we write are understood, also by werift', (t) => {
  for (const address of ['192.0.2.7', '2001:db8::7', '::1']) {
    const datagram = writeBindingSuccess(transactionId, { address, port: 54_321 }, PASSWORD);
    const message = parseStun(datagram)!;
    t.same(message.xorMappedAddress, { address, port: 54_321 });
    t.ok(verifyStunIntegrity(datagram, message, PASSWORD));
    t.ok(parseMessage(datagram, Buffer.from(PASSWORD)) instanceof Message);
  }
  const refusal = writeUnknownAttributes(transactionId, [0x7777], PASSWORD);
  t.match(parseStun(refusal), { class: 'error', errorCode: 420 });
  t.ok(verifyStunIntegrity(refusal, parseStun(refusal)!, PASSWORD));
  t.throws(() => writeBindingSuccess(transactionId, { address: 'nowhere', port: 1 }, PASSWORD), RangeError);
  t.throws(() => writeUnknownAttributes(Buffer.alloc(3), [], PASSWORD), RangeError);
  t.end();
});

test('any address comes back as it went', (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat({ max: 65_535 }), (text, port) => {
      const address = bytesToIp(ipToBytes(text)!);
      const message = parseStun(writeBindingSuccess(transactionId, { address: text, port }, PASSWORD))!;
      return message.xorMappedAddress?.address === address && message.xorMappedAddress.port === port;
    }),
  );
  t.same(ipToBytes('fe80::1%eth0'), ipToBytes('fe80::1'));
  t.equal(bytesToIp(ipToBytes('::ffff:192.0.2.1')!), '::ffff:c000:201');
  t.equal(ipToBytes('example.org'), null);
  t.end();
});

test('unknown attributes are told apart by whether they must be understood', (t) => {
  const request = writeBindingRequest({
    transactionId,
    username: 'a:b',
    key: 'x',
    priority: 1,
    tieBreaker: 1n,
    useCandidate: false,
  });
  const retyped = (type: number) => {
    const plain = Buffer.from(SAMPLE_REQUEST.subarray(0, 20));
    const attribute = Buffer.from([type >> 8, type & 0xff, 0, 4, 1, 2, 3, 4]);
    plain.writeUInt16BE(attribute.length, 2);
    return Buffer.concat([plain, attribute]);
  };
  t.same(parseStun(retyped(0x7001))!.unknownRequired, [0x7001]);
  t.same(parseStun(retyped(0xc057))!.unknownRequired, []);
  t.same(parseStun(request)!.unknownRequired, []);
  t.end();
});

test('a message that is cut, extended or changed in one bit is never authentic', (t) => {
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

test('whatever bytes come, parsing does not throw', (t) => {
  const prng = createPrng(9);
  let parsed = 0;
  for (let i = 0; i < 20_000; i++) {
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
  t.ok(parsed > 10, `${parsed} were well-formed`);
  t.end();
});
