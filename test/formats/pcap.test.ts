import { test } from 'tap';
import { MAX_PCAP_RECORD_LENGTH, pcapFileHeader, writePcapRecord } from '../../src/formats/pcap.ts';
import { ipToBytes } from '../../src/lib/net/ip-address.ts';
import { PcapTap } from '../../src/media/worker/pcap-tap.ts';
import type { DatagramSocket } from '../../src/rtc/net/datagram-port.ts';
import { NetworkPath } from '../../src/rtc/net/network-path.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { readPcap } from '../helpers/pcap-reader.ts';

const WALL_MS = 1_700_000_000_123.456;

function record(source: string, destination: string, payload: Uint8Array, wallMs = WALL_MS): Uint8Array {
  const into = new Uint8Array(MAX_PCAP_RECORD_LENGTH + 8).fill(0xee);
  const end = writePcapRecord(into, 5, {
    source: { address: ipToBytes(source)!, port: 50_123 },
    destination: { address: ipToBytes(destination)!, port: 443 },
    wallMs,
    payload,
  });
  return into.subarray(5, end);
}

function file(...records: readonly Uint8Array[]): Buffer {
  return Buffer.concat([pcapFileHeader(), ...records]);
}

/** A receiver's check (RFC 1071): with the checksum included, the sum is zero. */
function addsUp(words: Uint8Array, start = 0): boolean {
  let sum = start;
  for (let i = 0; i < words.length; i += 2) sum += (words[i]! << 8) | (words[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum === 0xffff;
}

test('a record is IPv4 or IPv6 with UDP, and its checksums are right', (t) => {
  for (const length of [12, 13, 100, 1201]) {
    const payload = Uint8Array.from({ length }, (_, i) => (i * 7) & 0xff);
    const v4 = record('192.0.2.1', '198.51.100.7', payload);
    t.ok(addsUp(v4.subarray(16, 36)), `the IPv4 header, ${length} bytes`);
    t.ok(addsUp(v4.subarray(28), 17 + 8 + length), `UDP in IPv4, ${length} bytes`);
    const v6 = record('2001:db8::1', 'fe80::2', payload);
    t.ok(addsUp(v6.subarray(24), 17 + 8 + length), `UDP in IPv6, ${length} bytes`);
    const packets = readPcap(file(v4, v6));
    t.match(packets, [
      { source: '192.0.2.1', sourcePort: 50_123, destination: '198.51.100.7', destinationPort: 443, length },
      { source: '2001:db8::1', sourcePort: 50_123, destination: 'fe80::2', destinationPort: 443, length },
    ]);
    for (const packet of packets) {
      t.same(packet.payload, Buffer.from(payload));
      t.equal(packet.wallMs.toFixed(3), WALL_MS.toFixed(3));
    }
  }
  t.end();
});

test('timestamps at the end of a second and just before it stay in order', (t) => {
  const packets = readPcap(
    file(...[999.9996, 1000, 1000.0004].map((wallMs) => record('::1', '::1', new Uint8Array(12), wallMs))),
  );
  t.same(
    packets.map(({ wallMs }) => wallMs.toFixed(3)),
    ['999.999', '1000.000', '1000.000'],
  );
  t.end();
});

test('IPv4 inside IPv6 is written as IPv4, but as IPv6 next to an IPv6 address', (t) => {
  const payload = new Uint8Array(20);
  const packets = readPcap(
    file(record('::ffff:192.0.2.1', '198.51.100.7', payload), record('192.0.2.1', '2001:db8::1', payload)),
  );
  t.match(packets, [
    { source: '192.0.2.1', destination: '198.51.100.7' },
    { source: '::ffff:c000:201', destination: '2001:db8::1' },
  ]);
  t.end();
});

test('a packet that is too long is cut, and its original length is kept', (t) => {
  const long = record('192.0.2.1', '198.51.100.7', new Uint8Array(60_000).fill(7));
  t.equal(long.length, MAX_PCAP_RECORD_LENGTH);
  const [packet] = readPcap(file(long));
  t.equal(packet!.length, 60_000);
  t.equal(packet!.payload.length, MAX_PCAP_RECORD_LENGTH - 16 - 28);
  t.end();
});

function recorderOf(maxBytes: number) {
  const clock = new FakeClock();
  const chunks: Uint8Array[] = [];
  let fulls = 0;
  const recorder = new PcapTap({
    maxBytes,
    clock,
    emit: (records, isFull) => {
      chunks.push(records);
      if (isFull) fulls++;
    },
  });
  const socket: DatagramSocket = { protocol: 'udp', local: { address: '10.0.0.1', port: 40_000 }, send: () => true };
  return { clock, chunks, recorder, socket, fulls: () => fulls, packets: () => readPcap(file(...chunks)) };
}

test('a recording is a copy, with the addresses of each packet and the time between packets', (t) => {
  const { clock, recorder, socket, chunks, packets } = recorderOf(1e6);
  const first = new NetworkPath(socket, '10.0.0.2', 1000, clock.now());
  const second = new NetworkPath({ protocol: 'tcp', send: () => true }, '10.0.0.3', 2000, clock.now());
  const bytes = new Uint8Array(50).fill(1);
  recorder.received(bytes, first, clock.now());
  clock.advance(20);
  bytes.fill(2);
  recorder.sent(bytes, first, clock.now());
  clock.advance(20);
  bytes.fill(3);
  recorder.received(bytes, second, clock.now());
  bytes.fill(4);
  t.same(chunks, [], 'nothing is handed over before it is requested');
  recorder.flush();
  recorder.flush();
  t.equal(chunks.length, 1);
  t.match(packets(), [
    { source: '10.0.0.2', sourcePort: 1000, destination: '10.0.0.1', destinationPort: 40_000 },
    { source: '10.0.0.1', sourcePort: 40_000, destination: '10.0.0.2', destinationPort: 1000 },
    { source: '10.0.0.3', sourcePort: 2000, destination: '0.0.0.0', destinationPort: 0 },
  ]);
  t.same(
    packets().map(({ payload }) => payload[0]),
    [1, 2, 3],
  );
  const [a, b, c] = packets().map(({ wallMs }) => wallMs);
  t.ok(Math.abs(b! - a! - 20) < 0.002 && Math.abs(c! - b! - 20) < 0.002);
  t.end();
});

test('a recording ends with the last packet that fits', (t) => {
  const { clock, recorder, socket, chunks, packets, fulls } = recorderOf(100_000);
  const path = new NetworkPath(socket, '10.0.0.2', 1000, clock.now());
  for (let i = 0; i < 500; i++) recorder.received(new Uint8Array(1000), path, clock.now());
  recorder.flush();
  const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
  t.equal(packets().length, Math.floor(100_000 / 1044));
  t.ok(bytes <= 100_000);
  t.equal(fulls(), 1, 'it says so once');
  t.end();
});
