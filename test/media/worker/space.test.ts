import { test } from 'tap';
import { opusCodec } from '../../../src/mixer/codec/opus.ts';
import { DEFAULT_SPACE } from '../../../src/mixer/space/space-settings.ts';
import { createFrameEncoder, createStereoDecoder } from '../../helpers/opus.ts';
import { concatInt16, toInt16, tone, toneLevelDbfs } from '../../helpers/signal.ts';
import { SimulatedEngine } from '../../helpers/simulated-engine.ts';
import { World } from '../../helpers/world.ts';

const SEED = Number(process.env['SEED'] ?? 3130);
const ROOM = 1;
const HZ = 1000;

/** Speaks a tone. */
function toneOf(frequencyHz: number) {
  const encode = createFrameEncoder();
  return (n: number) =>
    encode(toInt16(tone({ frequencyHz, samples: 960, startSample: 960 * (n % 50), amplitude: 0.1 })));
}

test('through the engine, a voice on the right is louder there, in stereo or mono as the client asks, and levels name who hears it', async (t) => {
  t.comment(`SEED=${SEED}`);
  const engine = new SimulatedEngine(SEED, { codec: opusCodec });
  const heard = new Map<number, { left: Int16Array; right: Int16Array }[]>();
  const listener = (takesStereo: boolean) => {
    const sides: { left: Int16Array; right: Int16Array }[] = [];
    const decode = createStereoDecoder();
    const peer = engine.join({
      takesStereo,
      onPlayed: (playout, payload) => {
        if (playout === 'packet') sides.push(decode(payload));
      },
    });
    heard.set(peer.options.id, sides);
    return peer;
  };
  const [stereo, mono, far] = [listener(true), listener(false), listener(true)];
  const talker = engine.join({ payload: toneOf(HZ) });
  const world = new World();
  for (const [slot, { options }] of [stereo, mono, far].entries())
    world.put(slot, { voice: options.id, at: [slot === 2 ? 90 : 0, 0, 0] });
  world.put(3, { voice: talker.options.id, at: [2, 0, 0] });
  engine.engine.handle({
    type: 'set_space',
    roomId: ROOM,
    space: { bodies: world.writer.memory, settings: DEFAULT_SPACE },
  });
  engine.run(4);
  const levels = (id: number) => {
    const last = heard.get(id)!.slice(-100);
    return (['left', 'right'] as const).map((side) => toneLevelDbfs(concatInt16(last.map((sides) => sides[side])), HZ));
  };
  const [left, right] = levels(stereo.options.id) as [number, number];
  // At 1 kHz, below the corner, the far ear is between -8 and -18 dB.
  t.ok(right - left > 8 && right - left < 14, `${left} and ${right} dBFS`);
  t.ok(Math.abs(right + 20) < 1, `the near ear hears it as it is: ${right} dBFS`);
  const [one, other] = levels(mono.options.id) as [number, number];
  t.ok(Math.abs(one - other) < 0.1, 'mono is the same on both sides');
  t.ok(one < right && one > left, `between both: ${one} dBFS`);
  const { id } = talker.options;
  const [first, second, third] = [stereo, mono, far].map((peer) => peer.options.id);
  t.same(engine.heard, [first, 1, id, second, 1, id, third, 0, id, 0]);
  t.equal(engine.stats?.counters.tickFailures, 0);
  await engine.close();
});

test('overload makes mixes in space mono, then shortens ranges', async (t) => {
  const { overloadMeasures } = await import('../../../src/media/link/overload-measures.ts');
  t.same(
    [0, 1, 2, 3, 4].map((level) => overloadMeasures(level).space),
    [
      { isMono: false, rangeFactor: 1 },
      { isMono: true, rangeFactor: 1 },
      ...Array(3).fill({ isMono: true, rangeFactor: 0.7 }),
    ],
  );
});
