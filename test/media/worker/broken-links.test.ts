import { test } from 'tap';
import { type LinkedPerson, LinkedServers, type SimulatedServer } from '../../helpers/linked-engines.ts';
import { LossyLink } from '../../helpers/lossy-link.ts';
import { createFrameEncoder, FRAME_SAMPLES } from '../../helpers/opus.ts';
import { createPrng } from '../../helpers/prng.ts';
import { toInt16, tone, toneLevelDbfs } from '../../helpers/signal.ts';

const SEED = Number(process.env['SEED'] ?? 20_261_202);
const LAN = { delayMs: 1, jitterMs: 3, loss: 0, duplication: 0 };
/** Far below and far above what somebody who is heard has. */
const [SILENT_DBFS, HEARD_DBFS] = [-60, -25];

/** Sounds without end. */
function sounding(frequencyHz: number): (n: number) => Uint8Array {
  const encode = createFrameEncoder({ application: 'audio', bitsPerSecond: 64_000 });
  const second = toInt16(tone({ frequencyHz, samples: 48_000, amplitude: 0.2 }));
  return (n) => encode(second.subarray((n % 50) * FRAME_SAMPLES, ((n % 50) + 1) * FRAME_SAMPLES));
}

/** A wire on which `change` decides what becomes of the n-th packet of RTP. Reports get through. */
class Wire extends LossyLink<Buffer> {
  #n = 0;
  readonly #change: (n: number, datagram: Buffer) => readonly Buffer[];

  constructor(change: (n: number, datagram: Buffer) => readonly Buffer[]) {
    super(createPrng(SEED), { ...LAN, jitterMs: 0 });
    this.#change = change;
  }

  override send(datagram: Buffer, nowMs: number): void {
    // RFC 5761: the second byte of RTCP is 200 to 207.
    const isRtcp = datagram[1]! >= 192 && datagram[1]! < 224;
    for (const one of isRtcp ? [datagram] : this.#change(this.#n++, datagram)) super.send(one, nowMs);
  }
}

function levelDbfs(room: LinkedServers, listener: LinkedPerson, frequencyHz: number, seconds = 1): number {
  return toneLevelDbfs(listener.sound(room.clock.now() - 1000 * seconds, seconds), frequencyHz);
}

/** The longest time from a frame to the next one, in the RTP time of what somebody heard since. */
function longestStepMs({ heard }: LinkedPerson, sinceMs: number): number {
  const times = heard.filter(({ atMs }) => atMs >= sinceMs).map(({ timestamp }) => timestamp);
  return Math.max(...times.slice(1).map((time, index) => ((time - times[index]!) >>> 0) / 48));
}

const closedAt = ({ events }: SimulatedServer) =>
  events.flatMap((event) => (event.type === 'member_closed' ? event.memberId : []));

test('a link on which each fourth packet comes three later sounds as if nothing had been', async (t) => {
  const room = new LinkedServers(SEED);
  const [home, leaf] = [room.add(), room.add({ phaseMs: 7 })];
  room.link(home!, leaf!);
  const held: Buffer[] = [];
  const wire = new Wire((n, datagram) => {
    if (n % 4 !== 0) return n % 4 === 3 ? [datagram, ...held.splice(0)] : [datagram];
    held.push(datagram);
    return [];
  });
  room.network.wires.set(`${leaf!.address} ${home!.address}`, wire);
  leaf!.join(sounding(1100));
  const listener = home!.join();
  room.run(4);
  const before = home!.stats!.counters;
  room.run(4);
  const { framesDecoded, framesConcealed } = home!.stats!.counters;
  const frames = framesDecoded - before.framesDecoded;
  t.ok(frames > 100, `${frames} frames`);
  t.ok(framesConcealed - before.framesConcealed <= 0.01 * frames, `${framesConcealed - before.framesConcealed}`);
  const level = levelDbfs(room, listener, 1100, 3);
  t.ok(level > -18, `${level.toFixed(1)} dBFS`);
  await room.close();
});

test('after three hundred packets in a row were lost, a link is heard again within a second', async (t) => {
  const room = new LinkedServers(SEED);
  const [home, leaf] = [room.add(), room.add({ phaseMs: 7 })];
  room.link(home!, leaf!);
  let lost = 300;
  const wire = new Wire((_, datagram) => {
    if (lost >= 300) return [datagram];
    lost++;
    return [];
  });
  room.network.wires.set(`${leaf!.address} ${home!.address}`, wire);
  leaf!.join(sounding(1100));
  const listener = home!.join();
  room.run(2);
  t.ok(levelDbfs(room, listener, 1100) > HEARD_DBFS);
  lost = 0;
  room.run(5.5);
  t.ok(lost > 200 && lost < 300);
  t.ok(levelDbfs(room, listener, 1100) < SILENT_DBFS, 'what is lost is not made up');
  while (lost < 300) room.run(0.02);
  const backMs = room.clock.now();
  room.run(2);
  t.same(closedAt(home!), []);
  const level = toneLevelDbfs(listener.sound(backMs + 1000, 1), 1100);
  t.ok(level > -18, `${level.toFixed(1)} dBFS`);
  await room.close();
});

test('a leaf that stands still for 20 s stops nobody else, and what it sends when it goes on is not heard', async (t) => {
  const room = new LinkedServers(SEED);
  const [home, still, other] = [room.add(), room.add({ phaseMs: 7 }), room.add({ phaseMs: 13 })];
  const { atHome } = room.link(home!, still!);
  room.link(home!, other!);
  home!.join(sounding(500));
  still!.join(sounding(1100));
  other!.join(sounding(1900));
  const [here, there] = [home!.join(), other!.join()];
  room.run(3);
  for (const [listener, tones] of [
    [here, [500, 1100, 1900]],
    [there, [500, 1100, 1900]],
  ] as const)
    for (const frequencyHz of tones) t.ok(levelDbfs(room, listener, frequencyHz) > HEARD_DBFS, `${frequencyHz} Hz`);
  const sinceMs = room.clock.now();
  still!.standStill();
  room.run(20);
  t.same(closedAt(home!), [atHome]);
  const { datagramsDropped } = home!.stats!.counters;
  still!.goOn();
  room.run(2);
  t.ok(home!.stats!.counters.datagramsDropped > datagramsDropped, 'it still sends, and nobody takes it');
  for (const [name, listener] of Object.entries({ here, there })) {
    t.equal(longestStepMs(listener, sinceMs), 20, `${name} misses no frame`);
    for (const frequencyHz of [500, 1900]) t.ok(levelDbfs(room, listener, frequencyHz) > HEARD_DBFS);
    t.ok(levelDbfs(room, listener, 1100) < SILENT_DBFS, `${name} does not hear who is gone`);
  }
  room.link(home!, still!);
  room.run(2);
  for (const listener of [here, there]) t.ok(levelDbfs(room, listener, 1100) > HEARD_DBFS, 'it is there again');
  await room.close();
});

test('a home that stands still for 20 s and goes on never sounds beside the one that has the room by then', async (t) => {
  const room = new LinkedServers(SEED);
  const [old, next, leaf] = [room.add(), room.add({ phaseMs: 7 }), room.add({ phaseMs: 13 })];
  const { atLeaf } = room.link(old!, leaf!);
  old!.join(sounding(500));
  next!.join(sounding(1900));
  leaf!.join(sounding(1100));
  const [atOld, listener] = [old!.join(), leaf!.join()];
  room.run(2);
  t.ok(levelDbfs(room, listener, 500) > HEARD_DBFS);
  old!.standStill();
  room.run(5);
  // What its silence on the other connection leads to.
  leaf!.engine.handle({ type: 'remove_member', memberId: atLeaf });
  room.link(next!, leaf!);
  room.run(15);
  const backMs = room.clock.now();
  old!.goOn();
  for (let second = 0; second < 9; second++) {
    room.run(1);
    t.ok(levelDbfs(room, listener, 500) < SILENT_DBFS, `${second} s later`);
    t.ok(levelDbfs(room, listener, 1900) > HEARD_DBFS);
  }
  t.equal(longestStepMs(listener, backMs), 20);
  t.equal(closedAt(old!).length, 1, 'the old one learns that nobody is there');
  t.ok(levelDbfs(room, atOld, 1100) < SILENT_DBFS, 'and hears nobody');
  await room.close();
});
