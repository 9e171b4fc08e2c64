import * as fc from 'fast-check';
import { test } from 'tap';
import { MAX_CLUSTER_MS, webmCluster, webmHead } from '../../src/formats/webm-writer.ts';
import { cases } from '../helpers/cases.ts';

/** Elements that contain others. */
const MASTERS = new Set([0x1a45dfa3, 0x18538067, 0x1549a966, 0x1654ae6b, 0xae, 0xe1, 0x1f43b675]);

interface Element {
  readonly id: number;
  readonly content: Buffer;
  readonly children: readonly Element[];
}

/** Reads as RFC 8794 says; an unknown size means everything that is left. */
function read(bytes: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const idLength = Math.clz32(bytes[at]!) - 23;
    const id = bytes.readUIntBE(at, idLength);
    at += idLength;
    const sizeLength = Math.clz32(bytes[at]!) - 23;
    let size = bytes[at]! & (0xff >> sizeLength);
    let isUnknown = size === 0xff >> sizeLength;
    for (const byte of bytes.subarray(at + 1, at + sizeLength)) {
      size = size * 256 + byte;
      isUnknown &&= byte === 0xff;
    }
    at += sizeLength;
    const end = isUnknown ? bytes.length : at + size;
    if (end > bytes.length) throw new Error(`element ${id.toString(16)} is longer than the file`);
    const content = bytes.subarray(at, end);
    found.push({ id, content, children: MASTERS.has(id) ? read(content) : [] });
    at = end;
  }
  return found;
}

const child = (element: Element | undefined, id: number) => element?.children.find((one) => one.id === id);
const integerIn = (element: Element | undefined) => element?.content.readUIntBE(0, element.content.length);

test('the head names the codec, its delay and its channels', (t) => {
  const [ebml, segment] = read(Buffer.from(webmHead({ channels: 2, preSkip: 120 })));
  t.equal(child(ebml, 0x4282)?.content.toString(), 'webm');
  const track = child(child(segment, 0x1654ae6b), 0xae);
  t.equal(child(track, 0x86)?.content.toString(), 'A_OPUS');
  t.equal(integerIn(child(track, 0x56aa)), 2_500_000, 'nanoseconds');
  t.equal(integerIn(child(track, 0x56bb)), 80_000_000);
  t.equal(child(track, 0x63a2)?.content.toString('latin1', 0, 8), 'OpusHead');
  t.equal(child(track, 0x63a2)?.content[9], 2);
  t.equal(child(child(track, 0xe1), 0xb5)?.content.readDoubleBE(), 48_000);
  t.equal(integerIn(child(child(track, 0xe1), 0x9f)), 2);
  t.end();
});

test('clusters after the head have every packet at its time', (t) => {
  const packet = fc.uint8Array({ minLength: 1, maxLength: 1300 });
  fc.assert(
    fc.property(fc.array(fc.array(packet, { minLength: 1, maxLength: 20 })), fc.nat(1e9), (clusters, startMs) => {
      const timed = clusters.map((payloads, cluster) =>
        payloads.map((payload, index) => ({ payload, atMs: startMs + 400 * cluster + 20 * index })),
      );
      const bytes = Buffer.concat([webmHead({ channels: 1, preSkip: 312 }), ...timed.map(webmCluster)]);
      const [, segment] = read(bytes);
      const found = (segment?.children ?? [])
        .filter(({ id }) => id === 0x1f43b675)
        .flatMap((cluster) => {
          const clusterMs = integerIn(child(cluster, 0xe7)) ?? Number.NaN;
          return cluster.children
            .filter(({ id }) => id === 0xa3)
            .map(({ content }) => ({
              atMs: clusterMs + content.readInt16BE(1),
              payload: Uint8Array.from(content.subarray(4)),
              head: [content[0], content[3]],
            }));
        });
      const expected = timed.flat().map((one) => ({ ...one, head: [0x81, 0x80] }));
      return (
        JSON.stringify(found) === JSON.stringify(expected.map(({ atMs, payload, head }) => ({ atMs, payload, head })))
      );
    }),
    { numRuns: cases(100) },
  );
  t.end();
});

test('a cluster has packets, and its times fit', (t) => {
  const payload = Uint8Array.of(0xf8, 0xff, 0xfe);
  t.throws(() => webmCluster([]), RangeError);
  t.throws(() => webmCluster([0, MAX_CLUSTER_MS + 1].map((atMs) => ({ atMs, payload }))), RangeError);
  t.doesNotThrow(() => webmCluster([0, MAX_CLUSTER_MS].map((atMs) => ({ atMs, payload }))));
  t.end();
});
