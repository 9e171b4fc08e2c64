/** The laws of packet protection with any profile. */
import type { Test } from 'tap';
import { RTCP_ENCRYPTED, type SrtpTransform } from '../../../src/rtc/srtp/srtp-transform.ts';
import { createBytes } from '../bytes.ts';

const SSRC = 0xdeadbeef;
const HEADER = 12;
const RTCP_HEADER = 8;
/** More than any profile adds. */
const ROOM = 32;

/** `makePair` makes a sealing and an opening side with the same keys. */
export function transformLaws(
  t: Test,
  makePair: () => readonly [sender: SrtpTransform, receiver: SrtpTransform],
): void {
  const randomBytes = createBytes(6);

  t.test('RTP: sealing changes the payload and adds the tag, and opening restores the payload', (t) => {
    const [sender, receiver] = makePair();
    for (let length = 0; length < 100; length++) {
      const index = length * 0x8001;
      const plain = randomBytes(HEADER + length + ROOM);
      const end = HEADER + length;
      const packet = Buffer.from(plain);
      sender.sealRtp(packet, HEADER, end, SSRC, index);
      const sealedEnd = end + sender.tagLength;
      const { isSame } = comparing(packet, plain);
      if (!isSame(0, HEADER)) t.fail('the header must stay in the clear');
      if (!isSame(sealedEnd)) t.fail('something is written after the tag');
      if (length > 7 && isSame(HEADER, end)) t.fail('the payload is not hidden');
      if (!receiver.openRtp(packet.subarray(0, sealedEnd), HEADER, end, SSRC, index)) t.fail(`${length} bytes`);
      if (!isSame(0, end)) t.fail(`${length} bytes are not restored`);
    }
    t.pass();
    t.end();
  });

  t.test('RTP: an unauthentic packet is refused and left unchanged', (t) => {
    const [sender, receiver] = makePair();
    const index = 0x1_2345_6789;
    const end = HEADER + 20;
    const sealed = randomBytes(end + sender.tagLength);
    sender.sealRtp(sealed, HEADER, end, SSRC, index);
    const refuses = (packet: Buffer, ofIndex: number, about: string) => {
      const before = Buffer.from(packet);
      if (receiver.openRtp(packet, HEADER, end, SSRC, ofIndex)) t.fail(about);
      if (!packet.equals(before)) t.fail(`${about} changed the packet`);
    };
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const forged = Buffer.from(sealed);
      forged[bit >> 3]! ^= 1 << (bit & 7);
      refuses(forged, index, `bit ${bit}`);
    }
    for (let bit = 16; bit < 48; bit++) {
      const other = index + 2 ** bit * (Math.floor(index / 2 ** bit) % 2 === 0 ? 1 : -1);
      refuses(sealed, other, `bit ${bit} of the index`);
    }
    t.ok(receiver.openRtp(sealed, HEADER, end, SSRC, index), 'and the genuine packet is opened');
    t.end();
  });

  t.test('RTCP: all but the first eight bytes are hidden, and restored', (t) => {
    const [sender, receiver] = makePair();
    for (let length = RTCP_HEADER; length < 100; length++) {
      const index = length * 0x0101_0101;
      const plain = randomBytes(length + ROOM);
      const packet = Buffer.from(plain);
      sender.sealRtcp(packet, length, SSRC, index);
      const end = length + sender.rtcpOverhead;
      const { isSame } = comparing(packet, plain);
      if (!isSame(0, RTCP_HEADER)) t.fail('the header must stay in the clear');
      if (!isSame(end)) t.fail('something is written after it');
      if (length > 15 && isSame(RTCP_HEADER, length)) t.fail('the report is not hidden');
      if (packet.readUInt32BE(receiver.rtcpIndexAt(end)) !== RTCP_ENCRYPTED + index) t.fail('the index is missing');
      if (!receiver.openRtcp(packet, end, SSRC, index)) t.fail(`${length} bytes`);
      if (!isSame(0, length)) t.fail(`${length} bytes are not restored`);
    }
    t.pass();
    t.end();
  });

  t.test('RTCP: an unauthentic packet is refused and left unchanged', (t) => {
    const [sender, receiver] = makePair();
    const length = 28;
    const sealed = randomBytes(length + sender.rtcpOverhead);
    sender.sealRtcp(sealed, length, SSRC, 7);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const forged = Buffer.from(sealed);
      forged[bit >> 3]! ^= 1 << (bit & 7);
      const before = Buffer.from(forged);
      if (receiver.openRtcp(forged, forged.length, SSRC, 7)) t.fail(`bit ${bit}`);
      if (!forged.equals(before)) t.fail(`bit ${bit} changed the packet`);
    }
    t.ok(receiver.openRtcp(sealed, sealed.length, SSRC, 7));
    t.end();
  });
}

function comparing(one: Buffer, other: Buffer) {
  return {
    isSame: (start: number, end = one.length) => one.subarray(start, end).equals(other.subarray(start, end)),
  };
}
