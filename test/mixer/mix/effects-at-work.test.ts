import { test } from 'tap';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { Audience } from '../../../src/mixer/mix/audience.ts';
import { ChannelSet } from '../../../src/mixer/mix/channel-set.ts';
import { EffectsAtWork } from '../../../src/mixer/mix/effects-at-work.ts';
import type { Place } from '../../../src/mixer/mix/mix-participant.ts';
import { FLAT_ENCODERS } from '../../../src/mixer/mix/room-encoders.ts';
import { Effect, VoiceEffect } from '../../../src/mixer/mix/voice-effect.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { createPrng } from '../../helpers/prng.ts';
import { stillVoice } from '../../helpers/still-voice.ts';

const pool = new CodecPool(new PlainCodec(), () => 0);
const { kernels } = pool;
const everyone = new Audience(pool, ChannelSet.ROOM, FLAT_ENCODERS.shared);
const [radio, phone] = [new Effect('radio', 1), new Effect('phone', 1)];

/** Voices that say something else in each tick. */
function setUp() {
  const prng = createPrng(4120);
  const effects = new EffectsAtWork(kernels);
  const voice = (number: number) => {
    const place = stillVoice(kernels, everyone, { voice: number, level: 0 });
    Object.assign(place.source, { sounding: true });
    return place;
  };
  const [ada, ben] = [voice(1), voice(2)];
  const say = () => {
    for (const { frame } of [ada, ben]) frame.samples.set(Array.from(frame.samples, () => 2000 * (prng() - 0.5)));
  };
  say();
  const next = () => {
    effects.endFrame();
    say();
  };
  return { effects, ada, ben, next };
}

const processed = (at: VoiceEffect, { frame }: Place, isLast = false) => {
  const out = new Float32Array(FRAME_SAMPLES);
  at.process(out, frame.samples, isLast);
  return out;
};

test('an effect runs once in a tick for each voice, and goes on where it was', (t) => {
  const { effects, ada, ben, next } = setUp();
  const references = new Map([
    [ada, new VoiceEffect(radio, 1)],
    [ben, new VoiceEffect(radio, 2)],
  ]);
  for (let tick = 0; tick < 5; tick++) {
    for (const [voice, reference] of references) {
      const frame = effects.frameOf(voice, radio);
      t.strictSame(frame.samples, processed(reference, voice));
      t.equal(effects.frameOf(voice, radio), frame, 'for all listeners');
    }
    next();
  }
  effects.close();
  t.end();
});

test('without an effect it is the frame itself, and different effects do not disturb each other', (t) => {
  const { effects, ada, next } = setUp();
  const references = [new VoiceEffect(radio, 1), new VoiceEffect(phone, 1)] as const;
  for (let tick = 0; tick < 3; tick++) {
    t.equal(effects.frameOf(ada, undefined), ada.frame);
    for (const reference of references)
      t.strictSame(effects.frameOf(ada, reference.effect).samples, processed(reference, ada));
    next();
  }
  effects.close();
  t.end();
});

test('an effect that was not needed in a tick starts again from rest, while others go on', (t) => {
  const { effects, ada, ben, next } = setUp();
  const going = new VoiceEffect(phone, 1);
  for (let tick = 0; tick < 6; tick++) {
    t.strictSame(effects.frameOf(ada, phone).samples, processed(going, ada), 'all the time');
    if (tick % 2 === 0) {
      t.strictSame(effects.frameOf(ada, radio).samples, processed(new VoiceEffect(radio, 1), ada), 'now and then');
      effects.frameOf(ben, radio);
    }
    next();
  }
  effects.close();
  t.end();
});

test('a voice fades with its last frame', (t) => {
  const { effects, ada } = setUp();
  ada.frame.samples.fill(1000);
  const goingOn = effects.frameOf(ada, radio).samples.slice();
  effects.close();
  Object.assign(ada.source, { sounding: false });
  const ending = effects.frameOf(ada, radio).samples;
  t.equal(ending[FRAME_SAMPLES - 1], 0);
  t.not(goingOn[FRAME_SAMPLES - 1], 0);
  effects.close();
  t.end();
});

test('frames are given back after the tick in which they were not needed, and when all is over', (t) => {
  const { effects, ada, ben, next } = setUp();
  const before = kernels.frames.taken;
  for (let tick = 0; tick < 3; tick++) {
    for (const voice of [ada, ben]) for (const effect of [radio, phone]) effects.frameOf(voice, effect);
    t.equal(kernels.frames.taken, before + 4);
    next();
    t.equal(kernels.frames.taken, before + 4, 'they may go on');
  }
  effects.frameOf(ada, phone);
  next();
  t.equal(kernels.frames.taken, before + 1);
  next();
  t.equal(kernels.frames.taken, before);
  for (const effect of [radio, phone]) effects.frameOf(ben, effect);
  effects.close();
  effects.close();
  t.equal(kernels.frames.taken, before);
  t.end();
});
