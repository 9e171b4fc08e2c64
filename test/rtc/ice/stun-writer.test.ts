import * as fc from 'fast-check';
import { test } from 'tap';
import { classes, Message, methods, parseMessage } from 'werift';
import { bytesToIp, ipToBytes } from '../../../src/lib/net/ip-address.ts';
import { ATTRIBUTE, parseStun, type StunMessage, verifyStunIntegrity } from '../../../src/rtc/ice/stun.ts';
import { writeBindingRequest, writeBindingSuccess, writeUnknownAttributes } from '../../../src/rtc/ice/stun-writer.ts';
import { createBytes } from '../bytes.ts';

const bytes = createBytes(4);
const transactionId = bytes(12);
const PASSWORD = 'VOkJxbRl1RmTxUk/WvJxBt';
const REQUEST = {
  transactionId,
  username: 'server:client',
  key: PASSWORD,
  priority: 0x6e7f00ff,
  tieBreaker: 2n ** 63n + 5n,
  useCandidate: true,
};

/** The attributes of a message in their order (RFC 8489 section 14). Throws if the padding is not zero. */
function attributesOf(datagram: Buffer): { type: number; value: Buffer }[] {
  const attributes: { type: number; value: Buffer }[] = [];
  for (let at = 20; at < datagram.length; ) {
    const end = at + 4 + datagram.readUInt16BE(at + 2);
    const next = Math.ceil(end / 4) * 4;
    attributes.push({ type: datagram.readUInt16BE(at), value: datagram.subarray(at + 4, end) });
    if (datagram.subarray(end, next).some((byte) => byte !== 0)) throw new Error('padding is not zero');
    at = next;
  }
  return attributes;
}

function contentOf(datagram: Buffer, type: number): Buffer | undefined {
  return attributesOf(datagram).find((attribute) => attribute.type === type)?.value;
}

function isWhole(datagram: Buffer, key: string): StunMessage | null {
  const message = parseStun(datagram);
  const isGood = message?.hasFingerprint === true && verifyStunIntegrity(datagram, message, key);
  return isGood && Buffer.from(message.transactionId).equals(transactionId) ? message : null;
}

test('a request has everything it needs and is authentic, to werift as well', (t) => {
  const datagram = writeBindingRequest(REQUEST);
  t.match(isWhole(datagram, PASSWORD), {
    class: 'request',
    username: 'server:client',
    priority: 0x6e7f00ff,
    role: 'controlling',
    useCandidate: true,
  });
  t.equal(contentOf(datagram, ATTRIBUTE.ICE_CONTROLLING)!.readBigUInt64BE(), 2n ** 63n + 5n);
  t.match(parseMessage(datagram, Buffer.from(PASSWORD)), {
    messageMethod: methods.BINDING,
    messageClass: classes.REQUEST,
  });
  t.match(isWhole(writeBindingRequest({ ...REQUEST, useCandidate: false }), PASSWORD), { useCandidate: false });
  t.end();
});

test('a request can hold the longest user names that ICE allows', (t) => {
  for (let length = 1; length <= 513; length++) {
    const username = 'u'.repeat(length);
    const datagram = writeBindingRequest({ ...REQUEST, username });
    if (isWhole(datagram, PASSWORD)?.username !== username) t.fail(`${length} characters`);
    if (attributesOf(datagram).length !== 6) t.fail(`${length} characters`);
  }
  t.end();
});

test('the response to a check has its address and nothing else, and werift understands it', (t) => {
  for (const address of ['192.0.2.7', '2001:db8::7', '::1']) {
    const datagram = writeBindingSuccess(transactionId, { address, port: 54_321 }, PASSWORD);
    t.same(isWhole(datagram, PASSWORD)?.xorMappedAddress, { address, port: 54_321 });
    t.same(
      attributesOf(datagram).map(({ type }) => type),
      [ATTRIBUTE.XOR_MAPPED_ADDRESS, ATTRIBUTE.MESSAGE_INTEGRITY, ATTRIBUTE.FINGERPRINT],
    );
    const message = parseMessage(datagram, Buffer.from(PASSWORD));
    if (!(message instanceof Message)) throw new Error('werift does not understand it');
    const [mapped, port] = message.getAttributeValue('XOR-MAPPED-ADDRESS');
    t.same(ipToBytes(mapped), ipToBytes(address));
    t.equal(port, 54_321);
  }
  t.throws(() => writeBindingSuccess(transactionId, { address: 'nowhere', port: 1 }, PASSWORD), RangeError);
  t.end();
});

test('any address survives the round trip', (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat({ max: 65_535 }), (text, port) => {
      const address = bytesToIp(ipToBytes(text)!);
      const message = isWhole(writeBindingSuccess(transactionId, { address: text, port }, PASSWORD), PASSWORD);
      return message?.xorMappedAddress?.address === address && message.xorMappedAddress.port === port;
    }),
  );
  t.end();
});

test('the error response for unknown attributes lists them, with error 420', (t) => {
  for (const unknown of [[], [0x7777], [1, 0x7fff, 3], [1, 2, 3, 4, 5, 6, 7, 8]]) {
    const datagram = writeUnknownAttributes(transactionId, unknown, PASSWORD);
    t.match(isWhole(datagram, PASSWORD), { class: 'error', errorCode: 420 });
    const types = contentOf(datagram, ATTRIBUTE.UNKNOWN_ATTRIBUTES)!;
    t.same(
      Array.from({ length: types.length / 2 }, (_, i) => types.readUInt16BE(2 * i)),
      unknown,
    );
    t.match(contentOf(datagram, ATTRIBUTE.ERROR_CODE)!.subarray(4).toString(), 'Unknown Attribute');
  }
  t.throws(() => writeUnknownAttributes(Buffer.alloc(3), [], PASSWORD), RangeError);
  t.end();
});
