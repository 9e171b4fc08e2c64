import { test } from 'tap';
import type { Tap } from '../../../src/media/endpoint.ts';
import { RelayedCapture } from '../../../src/media/worker/relayed-capture.ts';
import { createRtpHeader, parseRtpHeader } from '../../../src/rtc/rtp/rtp-packet.ts';

function setUp() {
  const seen: unknown[] = [];
  const note = (direction: string) => (packet: Uint8Array, path: { address: string }, nowMs: number) => {
    const header = createRtpHeader();
    const isRtp = parseRtpHeader(packet, header, null);
    const { payloadType, sequenceNumber, timestamp, ssrc, marker } = header;
    const payload = [...packet.subarray(header.headerLength)];
    seen.push([direction, isRtp, payloadType, sequenceNumber, timestamp, ssrc, marker, payload, path.address, nowMs]);
  };
  const tap: Tap = { received: note('in'), sent: note('out'), flush: () => {} };
  return { capture: new RelayedCapture(tap, 7), seen };
}

test('both directions are RTP in which tools find streams', (t) => {
  const { capture, seen } = setUp();
  capture.received(
    { sequenceNumber: 65_535, timestamp: 2 ** 32 - 1, payload: Uint8Array.of(1, 2), levelDbov: null, redundant: false },
    10,
  );
  capture.sent(Uint8Array.of(3), -1, true, 20);
  capture.sent(Uint8Array.of(), 959, false, 40);
  t.same(seen, [
    ['in', true, 111, 65_535, 2 ** 32 - 1, 7, false, [1, 2], '192.0.2.2', 10],
    ['out', true, 111, 0, 2 ** 32 - 1, 7, true, [3], '192.0.2.2', 20],
    ['out', true, 111, 1, 959, 7, false, [], '192.0.2.2', 40],
  ]);
  t.end();
});

test('sequence numbers wrap, and what is too long for a packet is a loss in the capture', (t) => {
  const { capture, seen } = setUp();
  for (let i = 0; i < 65_535; i++) capture.sent(new Uint8Array(0), 0, false, 0);
  seen.length = 0;
  for (const length of [1500, 1501, 1]) capture.sent(new Uint8Array(length), 0, false, 0);
  t.same(
    seen.map((entry) => (entry as unknown[])[3]),
    [65_535, 1],
  );
  t.end();
});
