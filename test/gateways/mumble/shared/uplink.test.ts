import { test } from 'tap';
import { MAX_BANDWIDTH, Uplink } from '../../../../src/gateways/mumble/shared/uplink.ts';
import type { RelayedPacket } from '../../../../src/media/plane.ts';
import { JitterBuffer } from '../../../../src/mixer/source/jitter-buffer.ts';
import { MUMBLE_COUNTERS } from '../../../helpers/mumble-counters.ts';

const FRAME_20_MS = Uint8Array.of(0x78, 1, 2, 3, 4, 5);
const FRAME_60_MS = Uint8Array.of(0x18, 3, 2, 3, 4, 5);

type Sent = RelayedPacket & { readonly startsStream: boolean; readonly atMs: number };

function uplink() {
  const sent: Sent[] = [];
  let nowMs = 1000;
  const link = new Uplink((packet, startsStream) => sent.push({ ...packet, startsStream, atMs: nowMs }), nowMs);
  return {
    link,
    sent,
    at: (ms: number) => {
      nowMs = ms;
    },
    say: (frameNumber: number, opus = FRAME_20_MS, isLast = false) =>
      link.receive({ target: 0, session: 0, frameNumber, opus, isLast }, nowMs),
  };
}

const places = (sent: readonly Sent[]) => sent.map(({ sequenceNumber, timestamp }) => [sequenceNumber, timestamp]);

test('within a talkspurt the place of a packet is that of the client', async (t) => {
  const { say, sent } = uplink();
  for (const frame of [100, 102, 106, 104]) say(frame);
  t.same(places(sent), [
    [1, 0],
    [2, 960],
    [4, 2880],
    [3, 1920],
  ]);
  t.same(
    sent.map(({ startsStream }) => startsStream),
    [true, false, false, false],
  );
});

test('after a terminator comes the mark of a pause, and then a new talkspurt by its arrival', async (t) => {
  const { say, at, sent } = uplink();
  say(0);
  say(2, FRAME_20_MS, true);
  at(1300);
  say(0);
  t.same(places(sent), [
    [1, 0],
    [2, 960],
    [3, 1920],
    [4, 1920 + 300 * 48],
  ]);
  t.same([...sent[2]!.payload], [0xf8]);
});

test('a pause without a terminator, another duration, and a jump begin anew as well', async (t) => {
  const { say, at, sent } = uplink();
  say(0);
  at(2000);
  say(5000);
  t.same(places(sent).at(-1), [2, 48_000]);
  at(2020);
  say(5002, FRAME_60_MS);
  t.same(places(sent).at(-1), [3, 48_960]);
  at(2080);
  say(5008, FRAME_60_MS);
  t.same(places(sent).at(-1), [4, 48_960 + 2880]);
  say(9000, FRAME_60_MS);
  t.same(places(sent).at(-1), [5, 48_960 + 2 * 2880]);
});

test('the numbers wrap as those of RTP', async (t) => {
  const { say, at, sent } = uplink();
  for (let n = 0; n < 70_000; n++) {
    at(1000 + 20 * n);
    say(2 * n);
  }
  t.same(places(sent).at(-1), [70_000 & 0xffff, (69_999 * 960) >>> 0]);
});

test('what is no Opus of 10 ms or a multiple of it is left out', async (t) => {
  const { link, say, sent } = uplink();
  say(0, Uint8Array.of(0xe0, 1, 2));
  say(0, Uint8Array.of(0x7b));
  t.equal(sent.length, 0);
  t.equal(link.malformed, 2);
});

test('what is above the announced bandwidth is left out', async (t) => {
  const { link, at, say, sent } = uplink();
  const packet = new Uint8Array(600).fill(0x78);
  for (let n = 0; n < 500; n++) {
    at(1000 + 20 * n);
    say(2 * n, packet);
  }
  const bits = sent.length * (600 + 32) * 8;
  t.ok(bits <= MAX_BANDWIDTH * 11 && bits > MAX_BANDWIDTH * 10, `${bits} bits in 10 s`);
  t.equal(link.overLimit, 500 - sent.length);
});

test('whatever a client counts during pauses, every packet is played, and none is late', async (t) => {
  for (const [name, counter] of Object.entries(MUMBLE_COUNTERS)) {
    const { say, at, sent } = uplink();
    let nowMs = 1000;
    let frame = 0;
    for (const pauseMs of [300, 2000, 4900, 5100, 30_000, 0]) {
      for (let n = 0; n < 50; n++, nowMs += 20, frame += 2) {
        at(nowMs);
        say(frame, FRAME_20_MS, n === 49 && name !== 'proxy');
      }
      frame = counter(frame, pauseMs);
      nowMs += pauseMs;
    }
    const result = play(sent);
    // A client that never says that it pauses costs five frames of concealment each time, and a short pause looks like
    // lost packets.
    const [lost, concealed] = name === 'proxy' ? [15, 30] : [0, 0];
    t.same(result, { late: 0, lost, played: 300, concealed }, name);
  }
});

/** Plays packets as the mixer does, with a tick every 20 ms. */
function play(sent: readonly Sent[]) {
  const counters = { packetsLost: 0, packetsLate: 0, packetsDuplicate: 0, packetsDiscarded: 0, framesRecovered: 0 };
  const buffer = new JitterBuffer(counters);
  let next = 0;
  let [played, concealed] = [0, 0];
  const endMs = sent.at(-1)!.atMs + 1000;
  for (let nowMs = 1000; nowMs < endMs; nowMs += 20) {
    for (; next < sent.length && sent[next]!.atMs <= nowMs; next++) {
      const { sequenceNumber, timestamp, payload, levelDbov } = sent[next]!;
      buffer.push(sequenceNumber, timestamp, payload, levelDbov, false, nowMs);
    }
    const playout = buffer.pop(nowMs);
    if (playout === 'packet' && buffer.packet.payload.length > 1) played++;
    else if (playout === 'late' || playout === 'lost') concealed++;
  }
  return { late: counters.packetsLate, lost: counters.packetsLost, played, concealed };
}
