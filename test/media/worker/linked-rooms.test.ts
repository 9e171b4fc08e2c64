import { test } from 'tap';
import { estoi } from '../../../bench/lib/quality/estoi.ts';
import { type LinkedPerson, LinkedServers } from '../../helpers/linked-engines.ts';
import { createFrameEncoder, FRAME_SAMPLES } from '../../helpers/opus.ts';
import { advance, findDelay, rmsDbfs, segmentalSnrDb, toInt16, tone, toneLevelDbfs } from '../../helpers/signal.ts';
import { speech } from '../../helpers/speech.ts';

const SEED = Number(process.env['SEED'] ?? 20_261_201);
const SECONDS = 12;
/** Time for levels and jitter buffers to settle. */
const SETTLE_S = 3;
const MAX_DELAY = 400 * 48;
const FOLLOW = 40 * 48;

/** Says these samples once. */
function saying(samples: Float32Array): (n: number) => Uint8Array | null {
  const encode = createFrameEncoder();
  const pcm = toInt16(samples);
  return (n) => {
    const frame = pcm.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES);
    return frame.length === FRAME_SAMPLES ? encode(frame) : null;
  };
}

/** Sounds without end. */
function sounding(frequencyHz: number, amplitude = 0.2): (n: number) => Uint8Array {
  const encode = createFrameEncoder({ application: 'audio', bitsPerSecond: 64_000 });
  const second = toInt16(tone({ frequencyHz, samples: 48_000, amplitude }));
  return (n) => encode(second.subarray((n % 50) * FRAME_SAMPLES, ((n % 50) + 1) * FRAME_SAMPLES));
}

/** How well somebody hears the speech that another began to say at `startMs`. */
function hearing(spoken: Float32Array, startMs: number, listener: LinkedPerson) {
  const from = SETTLE_S * 48_000;
  const length = (SECONDS - SETTLE_S - 1) * 48_000;
  const clean = spoken.slice(from, from + length);
  const heard = listener.sound(startMs + SETTLE_S * 1000, SECONDS - SETTLE_S);
  const anchor = findDelay(clean.subarray(0, 4 * 48_000), heard, 0, MAX_DELAY).samples;
  const aligned = new Float32Array(length);
  // Jitter buffers change their delay between words.
  for (let at = 0; at < length; at += 48_000) {
    const around = advance(heard, at, 48_000 + MAX_DELAY);
    const least = Math.max(0, anchor - FOLLOW);
    const { samples } = findDelay(clean.subarray(at, at + 48_000), around, least, anchor + FOLLOW);
    aligned.set(advance(around, samples, 48_000), at);
  }
  return { delayMs: anchor / 48, estoi: estoi(clean, aligned), snrDb: segmentalSnrDb(clean, aligned) };
}

test('three servers share a room: everybody hears the speaker with little more delay, and they hear nothing of themselves', async (t) => {
  t.comment(`SEED=${SEED}`);
  const spoken = await speech('en-us', SECONDS);
  const room = new LinkedServers(SEED);
  const [home, a, b] = [room.add(), room.add({ phaseMs: 7 }), room.add({ phaseMs: 13 })];
  room.link(home!, a!);
  room.link(home!, b!);
  const speaker = a!.join(saying(spoken));
  const [atA, atHome, atB] = [a!.join(), home!.join(), b!.join()];
  room.run(SECONDS);
  const startMs = speaker.startMs!;
  const [near, middle, far] = [atA!, atHome!, atB!].map((listener) => hearing(spoken, startMs, listener));
  t.comment('at the server of the speaker', near, 'at the home', middle, 'at the other leaf', far);
  for (const heard of [near!, middle!, far!]) t.ok(heard.estoi > 0.94, `ESTOI ${heard.estoi.toFixed(3)}`);
  t.ok(middle!.delayMs - near!.delayMs < 40, 'a hop takes less than 40 ms more');
  t.ok(far!.delayMs - near!.delayMs < 80, 'two hops take less than 80 ms more');
  const own = speaker.sound(startMs, SECONDS);
  t.ok(rmsDbfs(own) < -60, `the speaker hears ${rmsDbfs(own)} dBFS of themselves`);
  await room.close();
});

test('talkers at three servers hear each other and not themselves', async (t) => {
  const room = new LinkedServers(SEED);
  const [home, a, b] = [room.add(), room.add({ phaseMs: 7 }), room.add({ phaseMs: 13 })];
  room.link(home!, a!);
  room.link(home!, b!);
  const tones = [500, 1100, 1900];
  const talkers = [home!, a!, b!].map((server, index) => server.join(sounding(tones[index]!)));
  room.run(6);
  talkers.forEach((listener, self) => {
    const heard = listener.sound(listener.startMs! + 3000, 2);
    tones.forEach((frequencyHz, other) => {
      const level = toneLevelDbfs(heard, frequencyHz);
      if (other === self) t.ok(level < -60, `${frequencyHz} Hz hears ${level.toFixed(1)} dBFS of itself`);
      else t.ok(level > -17 && level < -11, `${tones[self]} Hz hears ${frequencyHz} Hz at ${level.toFixed(1)} dBFS`);
    });
  });
  for (const { events } of [home!, a!, b!]) {
    const shown = events.flatMap((event) => (event.type === 'levels' ? event.speaking : []));
    const ids = new Set(shown.filter((_, index) => index % 2 === 0));
    t.ok(
      [...ids].every((id) => talkers.some((talker) => talker.id === id)),
      'no link is shown as a speaker',
    );
  }
  await room.close();
});

test('at a leaf the voice of the home is heard however many talk there', async (t) => {
  const room = new LinkedServers(SEED);
  const [home, leaf] = [room.add(), room.add({ maxTalkers: 1 })];
  room.link(home!, leaf!);
  leaf!.join(sounding(1900, 0.4));
  home!.join(sounding(500, 0.1));
  const [here, there] = [leaf!.join(), home!.join()];
  room.run(5);
  for (const listener of [here!, there!]) {
    const heard = listener.sound(room.clock.now() - 2000, 1.5);
    for (const frequencyHz of [500, 1900]) t.ok(toneLevelDbfs(heard, frequencyHz) > -30, `${frequencyHz} Hz`);
  }
  await room.close();
});

test('a link that loses 5 % and has 20 ms of jitter stays understandable', async (t) => {
  const spoken = await speech('en-us', SECONDS);
  const room = new LinkedServers(SEED);
  const [home, leaf] = [room.add(), room.add({ phaseMs: 7 })];
  room.link(home!, leaf!, { delayMs: 10, jitterMs: 20, loss: 0.05, duplication: 0.01 });
  const other = leaf!.join(sounding(3000, 0.05));
  // Reports that tell of the loss come every five seconds.
  room.run(20);
  leaf!.people.splice(leaf!.people.indexOf(other), 1);
  room.run(1);
  const before = home!.stats!.counters;
  const speaker = leaf!.join(saying(spoken));
  const listener = home!.join();
  room.run(SECONDS);
  const heard = hearing(spoken, speaker.startMs!, listener);
  t.comment(heard);
  t.ok(heard.estoi >= 0.9, `ESTOI ${heard.estoi.toFixed(3)}`);
  t.ok(heard.delayMs < 150, `${heard.delayMs} ms`);
  const frames = home!.stats!.counters.framesDecoded - before.framesDecoded;
  const concealed = home!.stats!.counters.framesConcealed - before.framesConcealed;
  t.ok(concealed <= 0.005 * frames, `${concealed} of ${frames} frames were concealed`);
  await room.close();
});

test('what is repeated, forged or sent from elsewhere is not heard, and is counted', async (t) => {
  const room = new LinkedServers(SEED);
  const [home, leaf] = [room.add(), room.add({ phaseMs: 7 })];
  room.link(home!, leaf!);
  const packets: Buffer[] = [];
  room.network.onSent = (from, _, datagram) => {
    if (from === leaf!.address) packets.push(Buffer.from(datagram));
  };
  leaf!.join(sounding(1100));
  const listener = home!.join();
  room.run(4);
  const heardBefore = listener.sound(room.clock.now() - 1000, 1);
  t.ok(toneLevelDbfs(heardBefore, 1100) > -25, 'the link works');
  const counted = () => home!.stats!.counters;
  const { srtpRejected, datagramsDropped } = counted();
  const real = packets.at(-1)!;
  for (let i = 0; i < 50; i++) {
    home!.receive(packets.at(-2 - i)!, leaf!.address);
    const forged = Buffer.from(real);
    forged.writeUInt16BE((real.readUInt16BE(2) + 1 + i) & 0xffff, 2);
    home!.receive(forged, leaf!.address);
    // A stranger has what was sent, and even what will be.
    home!.receive(real, '10.0.0.66');
    home!.receive(real, leaf!.address, 7);
  }
  room.run(2);
  t.equal(counted().srtpRejected - srtpRejected, 100, 'repeated and forged packets');
  t.equal(counted().datagramsDropped - datagramsDropped, 100, 'packets of strangers');
  t.ok(toneLevelDbfs(listener.sound(room.clock.now() - 1000, 1), 1100) > -25, 'and the link goes on');
  await room.close();
});

test('a link over which nothing comes any more is closed', async (t) => {
  const room = new LinkedServers(SEED);
  const [home, leaf] = [room.add(), room.add()];
  const { atHome, atLeaf } = room.link(home!, leaf!);
  home!.join();
  room.run(30);
  const closed = () =>
    [home!, leaf!].flatMap(({ events }) =>
      events.flatMap((event) => (event.type === 'member_closed' ? event.memberId : [])),
    );
  t.same(closed(), [], 'a link between silent rooms stays');
  room.network.wires.clear();
  room.run(10);
  t.same(closed().sort(), [atHome, atLeaf].sort());
  await room.close();
});
