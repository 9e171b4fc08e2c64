import { test } from 'tap';
import { DEFAULT_SPACE } from '../../../src/mixer/space/space-settings.ts';
import { MOTION_SCENES } from '../../helpers/motion-scenes.ts';
import { Room } from '../../helpers/perfect-room.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { clickRatio, concatInt16, sharedTone } from '../../helpers/signal.ts';
import { splatterOf } from '../../helpers/splatter.ts';
import { World } from '../../helpers/world.ts';

const TONE_HZ = 1000;
const SECONDS = 8;
const TICKS_PER_SECOND = 50;
/** Ten positions a second. */
const TICKS_PER_POSITION = 5;

test('whatever moves, at ten positions a second nothing splatters or clicks', async (t) => {
  const sound = sharedTone({ frequencyHz: TONE_HZ, samples: 48_000, amplitude: 0.2 });
  for (const { name, at } of MOTION_SCENES) {
    const codec = new PlainCodec();
    const room = new Room(codec, (frame) => codec.encode(frame));
    const world = new World();
    room.mixer.setSpace({ bodies: world.writer.memory, settings: DEFAULT_SPACE });
    const [listener, talker] = [room.join(sound, { takesStereo: true }), room.join(sound)];
    talker.talking = true;
    for (let tick = 0; tick < SECONDS * TICKS_PER_SECOND; tick++) {
      if (tick % TICKS_PER_POSITION === 0) {
        const { at: place, yaw } = at(tick / TICKS_PER_SECOND);
        world.put(0, { yaw, voice: listener.place.voice });
        world.put(1, { at: place, range: 40, voice: talker.place.voice });
      }
      room.run();
    }
    const frames = listener.written
      .slice(-(SECONDS - 1) * TICKS_PER_SECOND)
      .map(({ payload }) => codec.decode(payload));
    for (const [side, offset] of [
      ['left', 0],
      ['right', 1],
    ] as const) {
      const heard = concatInt16(frames.map((frame) => frame.filter((_, i) => i % 2 === offset)));
      const { meanDb: mean, worstDb: worst } = splatterOf(heard, TONE_HZ);
      const click = clickRatio(heard, 960, heard.length, sound);
      t.comment(`${name}, ${side}: ${mean.toFixed(1)} dB, worst ${worst.toFixed(1)} dB, click ${click.toFixed(3)}`);
      t.ok(mean <= -60, `${name}, ${side}: ${mean} dB in the mean`);
      t.ok(worst <= -22, `${name}, ${side}: worst ${worst} dB`);
      t.ok(click <= 1.05, `${name}, ${side}: click ${click}`);
    }
    room.mixer.close();
  }
});
