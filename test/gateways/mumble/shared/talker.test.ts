import { test } from 'tap';
import { Talker } from '../../../../src/gateways/mumble/shared/talker.ts';
import { MAX_OPUS_BYTES } from '../../../../src/gateways/mumble/wire/voice-packet.ts';

const SPEECH = Uint8Array.of(0x78, 1, 2, 3, 4, 5);

function talking(isGated = false) {
  const talker = new Talker(12, isGated);
  let nowMs = 0;
  const take = (timestamp: number, payload = SPEECH, stream = 1, levelDbov: number | null = null) => {
    nowMs += 20;
    const voice = talker.take({ seatId: 1, stream, timestamp, payload, levelDbov, arrivalMs: nowMs }, false, nowMs);
    return voice?.frameNumber ?? null;
  };
  const end = (afterMs: number) => {
    const voice = talker.end(nowMs + afterMs);
    return voice && { ...voice };
  };
  return { talker, take, end };
}

test('frame numbers follow the time stamps, also across their turn', async (t) => {
  const { take } = talking();
  const start = 2 ** 32 - 960;
  t.same(
    [0, 1, 2, 5].map((n) => take((start + 960 * n) >>> 0)),
    [0, 2, 4, 10],
  );
});

test('copies are left out, and what was overtaken is not', async (t) => {
  const { take } = talking();
  t.same(
    [0, 2, 1, 1, 2, 3].map((n) => take(960 * n)),
    [0, 4, 2, null, null, 6],
  );
  take(960 * 40);
  t.equal(take(960 * 4), null, 'too late');
});

test('a new stream goes on where the last one ended, and so does one that jumps', async (t) => {
  const { take } = talking();
  t.same([take(0), take(960), take(123_456, SPEECH, 2), take(124_416, SPEECH, 2)], [0, 2, 4, 6]);
  t.same([take(3_000_000_000, SPEECH, 2), take(3_000_000_960, SPEECH, 2)], [8, 10]);
});

test('streams go on for days', async (t) => {
  const { take } = talking();
  let last = -1;
  for (let n = 0; n < 20_000; n++) {
    const frame = take((n * 480_000) >>> 0);
    if (frame === null || frame !== last + (last < 0 ? 1 : 1000)) t.fail(`${n}: ${frame} after ${last}`);
    last = frame ?? last;
  }
  t.equal(last, 19_999_000);
});

test('the end of a talkspurt is silence with the next number', async (t) => {
  const { talker, take, end } = talking();
  t.equal(end(1000), null, 'nothing has begun');
  take(0);
  t.ok(talker.isTalking);
  t.equal(end(199), null);
  t.match(end(200), { session: 12, frameNumber: 2, isLast: true });
  t.notOk(talker.isTalking);
  t.equal(end(400), null, 'once');
  t.equal(take(960), null, 'what comes late belongs to what is over');
  t.equal(take(1920), 4);
});

test('silence, and what clients do not play, is left out', async (t) => {
  const { take } = talking();
  const packets = [[0x78], [0xf8, 0xff, 0xfe], [0xe0, 1, 2, 3], new Array(MAX_OPUS_BYTES + 1).fill(0x78)];
  for (const bytes of packets) t.equal(take(0, Uint8Array.from(bytes)), null);
  t.equal(take(0, new Uint8Array(MAX_OPUS_BYTES).fill(0x78)), 0);
});

test('a browser is gated by its levels', async (t) => {
  const { take } = talking(true);
  t.equal(take(0, SPEECH, 1, -80), null);
  t.equal(take(960, SPEECH, 1, -20), 0);
  t.equal(take(1920, SPEECH, 1, -80), 2);
});
