import { test } from 'tap';
import { opusCodec } from '../../../src/mixer/codec/opus.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { MAX_MUSIC } from '../../../src/mixer/mix/talker-limits.ts';
import { createMusicEncoder, type StereoTone, stereoTone } from '../../helpers/music.ts';
import { createFrameEncoder, createStereoDecoder } from '../../helpers/opus.ts';
import { type Person, Room } from '../../helpers/perfect-room.ts';
import { concatInt16, maxSecondDifference, sharedTone, toneLevelDbfs } from '../../helpers/signal.ts';

const TONES: StereoTone = { leftHz: 440, rightHz: 880 };
const VOICE_HZ = 1320;
const VOICE = sharedTone({ frequencyHz: VOICE_HZ, samples: 48_000, amplitude: 0.1 });

function meeting(maxTalkers = 0) {
  const encoders = new Map<Person, (frame: Int16Array) => Uint8Array>();
  const room = new Room(
    opusCodec,
    (frame, person) => {
      const encode = encoders.get(person) ?? (person.place.isMusic ? createMusicEncoder() : createFrameEncoder());
      encoders.set(person, encode);
      return Uint8Array.from(encode(frame));
    },
    { maxTalkers, levelling: true },
  );
  const share = (sound = TONES) => {
    const music = room.join(stereoTone(sound, 50), { kind: 'music', deafened: true });
    music.talking = true;
    return music;
  };
  const hear = (person: Person, seconds = 1) => {
    person.written.length = 0;
    room.run(seconds * 50);
    const decode = createStereoDecoder();
    const frames = person.written.map(({ payload }) => decode(payload));
    const [left, right] = (['left', 'right'] as const).map((side) => concatInt16(frames.map((frame) => frame[side])));
    const late = (samples: Int16Array) => samples.subarray(10 * FRAME_SAMPLES);
    return { left: late(left!), right: late(right!), frames };
  };
  return { room, share, hear };
}

const isNear = (level: number, wanted: number) => Math.abs(level - wanted) < 1;

test('listeners in stereo hear both sides of music, those in mono their mean, beside a voice', (t) => {
  const { room, share, hear } = meeting();
  const [stereo, mono, talker] = [room.join(VOICE, { takesStereo: true }), room.join(VOICE), room.join(VOICE)];
  share();
  talker.talking = true;
  room.run(50);
  const wide = hear(stereo);
  t.ok(isNear(toneLevelDbfs(wide.left, 440), -20), `left: ${toneLevelDbfs(wide.left, 440)}`);
  t.ok(isNear(toneLevelDbfs(wide.right, 880), -20), `right: ${toneLevelDbfs(wide.right, 880)}`);
  t.ok(toneLevelDbfs(wide.left, 880) < -60, `left: ${toneLevelDbfs(wide.left, 880)}`);
  t.ok(toneLevelDbfs(wide.right, 440) < -60, `right: ${toneLevelDbfs(wide.right, 440)}`);
  for (const side of [wide.left, wide.right])
    t.ok(isNear(toneLevelDbfs(side, VOICE_HZ), -20), 'the voice on both sides');
  const { left } = hear(mono);
  for (const frequencyHz of [440, 880]) t.ok(isNear(toneLevelDbfs(left, frequencyHz), -26));
  const own = hear(talker);
  t.ok(toneLevelDbfs(own.left, VOICE_HZ) < -60, 'a talker hears the music, and not themselves');
  t.ok(isNear(toneLevelDbfs(own.left, 440), -26));
  room.mixer.close();
  t.end();
});

test('a listener in stereo who talks hears both sides, and not themselves', (t) => {
  const { room, share, hear } = meeting();
  const talker = room.join(VOICE, { takesStereo: true });
  room.join(VOICE);
  share();
  talker.talking = true;
  room.run(50);
  const { left, right } = hear(talker);
  t.ok(isNear(toneLevelDbfs(left, 440), -20) && toneLevelDbfs(left, 880) < -60);
  t.ok(isNear(toneLevelDbfs(right, 880), -20) && toneLevelDbfs(right, 440) < -60);
  t.ok(toneLevelDbfs(left, VOICE_HZ) < -60);
  room.mixer.close();
  t.end();
});

test('each listener has an own volume for music; with 0 they hear nothing of it', (t) => {
  const { room, share, hear } = meeting();
  const [quiet, deaf] = [room.join(VOICE, { takesStereo: true }), room.join(VOICE, { takesStereo: true })];
  const music = share();
  room.hear(quiet, new Map([[music, 0.5]]));
  room.hear(deaf, new Map([[music, 0]]));
  room.run(50);
  const heard = hear(quiet);
  t.ok(isNear(toneLevelDbfs(heard.left, 440), -26) && toneLevelDbfs(heard.left, 880) < -60);
  t.ok(isNear(toneLevelDbfs(heard.right, 880), -26) && toneLevelDbfs(heard.right, 440) < -60);
  t.ok(hear(deaf).frames.length <= 4, 'only packets of silence');
  room.mixer.close();
  t.end();
});

test('music needs no place among the talkers, and only a few are heard at a time', (t) => {
  const { room, share, hear } = meeting(1);
  const [listener, talker] = [room.join(VOICE), room.join(VOICE)];
  talker.talking = true;
  room.run(50);
  const shared = [600, 700, 800, 900, 1000].map((hz) => {
    const music = share({ leftHz: hz, rightHz: hz, amplitude: 0.02 });
    room.run(5);
    return music;
  });
  t.equal(shared.length, MAX_MUSIC + 1);
  const { left } = hear(listener, 2);
  t.ok(toneLevelDbfs(left, VOICE_HZ) > -30, 'the talker is heard');
  for (const hz of [600, 700, 800, 900]) t.ok(toneLevelDbfs(left, hz) > -45, `${hz} Hz`);
  t.ok(toneLevelDbfs(left, 1000) < -65, `the fifth is not: ${toneLevelDbfs(left, 1000)} dBFS`);
  room.mixer.close();
  t.end();
});

test('before music begins and after it has ended everybody shares one encoder again', (t) => {
  const { room, share } = meeting();
  const [stereo, mono, talker] = [room.join(VOICE, { takesStereo: true }), room.join(VOICE), room.join(VOICE)];
  const isShared = () => stereo.written.at(-1)!.payload === mono.written.at(-1)!.payload;
  talker.talking = true;
  room.run(50);
  t.ok(isShared());
  const music = share();
  music.talking = false;
  room.run(20);
  t.ok(isShared(), 'music is there, but silent');
  music.talking = true;
  room.run(50);
  t.notOk(isShared());
  room.leave(music);
  room.run(50);
  t.ok(isShared(), 'the talker goes on');
  talker.talking = false;
  room.run(100);
  t.notOk(stereo.place.audience.isStereo, 'after a silence');
  room.mixer.close();
  t.equal(room.pool.encodersInUse, 0);
  t.equal(room.pool.decodersInUse, 0);
  t.end();
});

test('when music begins, is muted, and ends, nobody hears a click', (t) => {
  const { room, share } = meeting();
  const [stereo, mono, talker] = [room.join(VOICE, { takesStereo: true }), room.join(VOICE), room.join(VOICE)];
  talker.talking = true;
  room.run(50);
  for (const listener of [stereo, mono]) listener.written.length = 0;
  const music = share();
  room.run(50);
  room.mute(music, true);
  room.run(50);
  room.mute(music, false);
  room.run(50);
  room.leave(music);
  room.run(50);
  for (const [name, { written }] of Object.entries({ stereo, mono })) {
    const decode = createStereoDecoder();
    const frames = written.map(({ payload }) => decode(payload));
    for (const side of ['left', 'right'] as const) {
      const samples = concatInt16(frames.map((frame) => frame[side])).subarray(5 * FRAME_SAMPLES);
      // A tone of 1320 Hz at -20 dBFS and one of 880 Hz have differences of up to 150; a click has thousands.
      t.ok(maxSecondDifference(samples) < 400, `${name}, ${side}: ${maxSecondDifference(samples)}`);
    }
  }
  room.mixer.close();
  t.end();
});
