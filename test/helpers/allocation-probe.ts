/**
 * allocation.test.ts runs this in a process of its own. It prints how many bytes of heap a steady tick of a room
 * allocates.
 */
import { createSharedMix } from '../../src/media/link/mix-ring.ts';
import { SharedMixLink } from '../../src/media/worker/shared-mix.ts';
import { CodecPool } from '../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../../src/mixer/format.ts';
import { ChannelSet } from '../../src/mixer/mix/channel-set.ts';
import { PLAIN_CHANNEL } from '../../src/mixer/mix/channel-sounds.ts';
import { Mixer } from '../../src/mixer/mix/mixer.ts';
import { toInt16, tone } from './signal.ts';

const PEOPLE = 50;
const TALKERS = 3;
const TICKS = 2000;

const frame = toInt16(tone({ frequencyHz: 700, samples: FRAME_SAMPLES }));
const payload = Uint8Array.of(0xf8, 1, 2, 3);
/** A codec that allocates nothing, so that only the mixer's allocations are measured. */
const pool = new CodecPool(
  {
    createEncoder: () => ({ configure: () => {}, reset: () => {}, encode: () => payload }),
    createDecoder: () => ({ reset: () => {}, decode: () => frame, conceal: () => frame }),
  },
  () => 0,
);
const mixer = new Mixer(pool, { maxTalkers: 8, levelling: true });
/** If the first argument is 2, the room has two parts, and somebody talks in the other part too. */
const elsewhere = new Mixer(pool, { maxTalkers: 8, levelling: true });
const isLinked = process.argv[2] === '2';
/**
 * If the second argument is `channels`, everybody also hears a channel with priority and one from the left, in which the
 * talkers speak. Half of the people hear in stereo, and ten have set a gain for a talker.
 */
const hasChannels = process.argv[3] === 'channels';
const [COMMAND, LEFT] = [1, 2] as const;
if (hasChannels) {
  const sounds = new Map([
    [COMMAND, { ...PLAIN_CHANNEL, duckDb: 12 }],
    [LEFT, { ...PLAIN_CHANNEL, pan: -1 }],
  ]);
  for (const one of [mixer, elsewhere]) one.setChannelSounds(sounds);
}
if (isLinked) {
  const [own, other] = [createSharedMix(0), createSharedMix(1)];
  mixer.setLink(new SharedMixLink(own, [other], pool.kernels));
  elsewhere.setLink(new SharedMixLink(other, [own], pool.kernels));
}
let packets = 0;
const sink = {
  write: () => {
    packets++;
  },
};
const somebody = elsewhere.add({ sink: { write: () => {} }, muted: false, deafened: false });
const people = Array.from({ length: PEOPLE }, (_, i) => {
  const common = { sink, muted: false, deafened: false, voice: i + 1 };
  if (!hasChannels) return mixer.add(common);
  const address = { channels: ChannelSet.of([[0], [COMMAND], [LEFT]][i % 3] ?? []), whispersTo: new Set<number>() };
  const hearing = i >= TALKERS && i < TALKERS + 10 ? new Map([[1, 0.5]]) : new Map<number, number>();
  return mixer.add({
    ...common,
    address,
    channels: ChannelSet.of([0, COMMAND, LEFT]),
    takesStereo: i % 2 === 0,
    hearing,
  });
});
/** One packet per participant, used repeatedly: the receiving side is not measured. */
const incoming = people.map((_, i) => ({
  sequenceNumber: 0,
  timestamp: 0,
  payload,
  levelDbov: i < TALKERS ? -20 : -90,
  redundant: false,
}));
let tick = 0;

function run(ticks: number): void {
  for (const end = tick + ticks; tick < end; tick++) {
    for (let i = 0; i < PEOPLE; i++) {
      const packet = incoming[i]!;
      packet.sequenceNumber = tick & 0xffff;
      packet.timestamp = (tick * FRAME_SAMPLES) >>> 0;
      mixer.push(people[i]!, packet, tick * PTIME_MS);
    }
    mixer.tick(tick, tick * PTIME_MS);
    if (!isLinked) continue;
    elsewhere.push(somebody, incoming[0]!, tick * PTIME_MS);
    elsewhere.tick(tick, tick * PTIME_MS);
  }
}

run(3000);
const collect = (globalThis as { gc?: () => void }).gc!;
collect();
const heapBefore = process.memoryUsage().heapUsed;
const externalBefore = process.memoryUsage().arrayBuffers;
run(TICKS);
const taken = process.memoryUsage().heapUsed - heapBefore;
const external = process.memoryUsage().arrayBuffers - externalBefore;
collect();
const kept = process.memoryUsage().heapUsed - heapBefore;
console.log(JSON.stringify({ takenPerTick: taken / TICKS, externalPerTick: external / TICKS, kept, packets }));
