import { test } from 'tap';
import { cases } from '../../helpers/cases.ts';
import { memoryBytes } from '../../helpers/memory.ts';
import { createFrameEncoder, FRAME_SAMPLES } from '../../helpers/opus.ts';
import { createPrng } from '../../helpers/prng.ts';
import { SimulatedEngine } from '../../helpers/simulated-engine.ts';

const SEED = 7;
const DURATION_MS = cases(30) * 60_000;
/** When simulated peers send their connectivity checks. */
const CHECK_MS = 5000;
const MB = 1e6;
/** A participant who has spoken holds 27 kB of samples alone, so the 500 after the first quarter would be 14 MB. */
const MAX_GROWN_BYTES = 10 * MB;

test('many minutes of joins and leaves leak nothing in a media engine', async (t) => {
  const prng = createPrng(SEED);
  const encode = createFrameEncoder();
  const sound = Int16Array.from({ length: FRAME_SAMPLES }, (_, i) => 8000 * Math.sin(i / 7));
  const payloads = Array.from({ length: 20 }, () => Uint8Array.from(encode(sound)));
  const engine = new SimulatedEngine(SEED);
  const timers = engine.clock.pendingTimers;
  let joins = 0;
  let warmBytes = 0;
  while (engine.clock.now() < DURATION_MS) {
    const people = Array.from({ length: 1 + Math.floor(3 * prng()) }, () => {
      joins++;
      return engine.join({ red: prng() < 0.5, payload: (n) => payloads[n % payloads.length]! });
    });
    engine.run(0.08 + 0.08 * prng());
    for (const peer of people) engine.leave(peer);
    engine.clock.advance(CHECK_MS - (engine.clock.now() % CHECK_MS));
    if (warmBytes === 0 && engine.clock.now() > DURATION_MS / 4) warmBytes = await memoryBytes();
  }
  const grownBytes = (await memoryBytes()) - warmBytes;
  const { connections, rooms, encodersInUse, decodersInUse, talkers } = engine.stats!.gauges;
  t.same(
    { connections, rooms, encodersInUse, decodersInUse, talkers },
    {
      connections: 0,
      rooms: 0,
      encodersInUse: 0,
      decodersInUse: 0,
      talkers: 0,
    },
  );
  t.ok(engine.stats!.counters.framesDecoded > joins, 'they were heard');
  t.equal(engine.clock.pendingTimers, timers);
  t.ok(
    grownBytes < MAX_GROWN_BYTES,
    `${(grownBytes / MB).toFixed(2)} MB more after ${joins} joins than after a quarter of the time, seed ${SEED}`,
  );
  await engine.close();
});
