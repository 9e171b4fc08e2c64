import { test } from 'tap';
import { createMarker } from '../../bench/lib/marker.ts';
import { Recording } from '../../bench/lib/recording.ts';
import { createRtpHeader } from '../../src/rtc/rtp/rtp-packet.ts';

test('a marker is found where it was played, to the sample', async (t) => {
  const marker = createMarker(50);
  const recording = new Recording();
  // The original packets, one every 20 ms from 1000 ms on, as a server without any delay would send them.
  marker.programme.slice(0, 50).forEach((frame, index) => {
    if (frame === undefined) return;
    const header = { ...createRtpHeader(), timestamp: (0xffff_f000 + 960 * index) >>> 0 };
    recording.add({ payload: frame.payload, header, atMs: 1000 + 20 * index });
  });
  const found = recording.find(marker.direct, 312, 1000, 1600);
  t.equal(found?.samples, 0);
  t.ok((found?.correlation ?? 0) > 0.95);
  t.equal(found?.atMs, 1006.5);
  t.equal(recording.find(marker.direct, 312, 5000, 6000), undefined);
});
