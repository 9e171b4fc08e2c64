import { test } from 'tap';
import { SILENCE_PACKET, SILENCE_REFRESH_PACKET } from '../../../src/formats/opus-packet.ts';
import { RedundancyCache } from '../../../src/rtc/rtp/redundancy-cache.ts';

/** Opus packets, as far as the cache looks at them. */
const packets = [1, 2, 3].map((n) => Uint8Array.of(0xf8, n, n, n, n));

test('a redundant packet is made once for everybody who was sent both', (t) => {
  const cache = new RedundancyCache();
  const [first, second, third] = packets;
  const made = cache.payload(first!, 0, second!, 960, 111);
  t.ok(made);
  t.equal(cache.payload(first!, 0, second!, 960, 111), made);
  const handedOver = cache.payload(third!, 0, second!, 960, 111);
  t.not(handedOver, made, 'another previous packet');
  t.equal(cache.payload(first!, 0, second!, 960, 111), made, 'both are kept');
  const firefox = cache.payload(first!, 0, second!, 960, 109);
  t.equal(firefox![0], 0x80 | 109, 'another payload type');
  t.end();
});

test('silence is not repeated, nor is a packet that is too old', (t) => {
  const cache = new RedundancyCache();
  const [first, second] = packets;
  t.equal(cache.payload(SILENCE_PACKET, 0, first!, 960, 111), null);
  t.equal(cache.payload(SILENCE_REFRESH_PACKET, 0, first!, 960, 111), null);
  t.ok(cache.payload(first!, 2 ** 32 - 960, SILENCE_PACKET, 0, 111), 'silence repeats the last speech packet');
  t.equal(cache.payload(first!, 0, second!, 18 * 960, 111), null);
  t.ok(cache.payload(first!, 0, second!, 17 * 960, 111));
  t.end();
});
