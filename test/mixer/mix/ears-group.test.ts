import { test } from 'tap';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import type { Frame } from '../../../src/mixer/kernels/frame.ts';
import type { Kernels } from '../../../src/mixer/kernels/kernels.ts';
import { Audience } from '../../../src/mixer/mix/audience.ts';
import { ChannelSet } from '../../../src/mixer/mix/channel-set.ts';
import { ChannelSounds, PLAIN_CHANNEL } from '../../../src/mixer/mix/channel-sounds.ts';
import { Ducking } from '../../../src/mixer/mix/ducking.ts';
import type { Ears, SpaceListener } from '../../../src/mixer/mix/ears.ts';
import { EarsGroup } from '../../../src/mixer/mix/ears-group.ts';
import { SPACE_ENCODERS } from '../../../src/mixer/mix/room-encoders.ts';
import { VoiceCopies } from '../../../src/mixer/mix/voice-copies.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { addressOf, stillVoice } from '../../helpers/still-voice.ts';

const [RED, LEFT] = [1, 2] as const;

/** Ears that hear a voice with these samples on both sides, and their owner's voice. */
class StillEars {
  left = 0;
  right = 0;
  own = 0;
  load = 0;
  readonly told: SpaceListener[] = [];

  addOwnVoiceTo(mix: Frame, listener: SpaceListener): number {
    this.told.push({ ...listener });
    for (let i = 0; i < FRAME_SAMPLES; i++) mix.samples[i]! += this.own;
    return this.own > 0 ? 1 : 0;
  }

  addTo(left: Frame, right: Frame): number {
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      left.samples[i]! += this.left;
      right.samples[i]! += this.right;
    }
    return this.load;
  }

  addMonoTo(mix: Frame, _listener: SpaceListener, _kernels: Kernels): number {
    for (let i = 0; i < FRAME_SAMPLES; i++) mix.samples[i]! += (this.left + this.right) / 2;
    return this.load;
  }
}

function setUp({ isStereo = true, pan = 0 } = {}) {
  const codec = new PlainCodec();
  const pool = new CodecPool(codec, () => 0);
  const sounds = new ChannelSounds();
  sounds.set(new Map([[LEFT, { ...PLAIN_CHANNEL, pan }]]));
  sounds.endFrame();
  const copies = new VoiceCopies(pool.kernels, sounds);
  const channels = ChannelSet.of([RED, LEFT]);
  const audience = new Audience(pool, channels, isStereo ? SPACE_ENCODERS.stereo : SPACE_ENCODERS.shared);
  const ears = new StillEars();
  const group = new EarsGroup(pool, ears as Partial<Ears> as Ears, audience, isStereo, SPACE_ENCODERS);
  const ducking = new Ducking();
  let tick = 10;
  /** Makes the mix of the next tick, with this said in the channels; returns the last samples of what is heard. */
  const mix = (said: readonly { readonly level: number; readonly channel: number }[] = [], skipped = 0) => {
    tick += 1 + skipped;
    const voices = said.map(({ level, channel }, i) =>
      stillVoice(pool.kernels, audience, { voice: i + 1, level, address: addressOf([channel]) }),
    );
    audience.begin((2 ** RED) | (2 ** LEFT), 0, sounds.pannedInFrame);
    if (voices.length > 0) audience.sumUp(voices, copies);
    else audience.rest();
    group.mix(tick, ducking);
    const frame = codec.decode(group.stream.payload());
    copies.endFrame();
    for (const voice of voices) pool.kernels.frames.release(voice.frame);
    return isStereo ? [frame.at(-2)!, frame.at(-1)!] : [frame.at(-1)!];
  };
  return { group, ears, audience, ducking, pool, channels, mix, again: () => group.mix(tick, ducking) };
}

test('a group hears space, what its channels say, and the owner of the ears, on both sides or in mono', (t) => {
  for (const isStereo of [true, false]) {
    const { ears, mix } = setUp({ isStereo });
    Object.assign(ears, { left: 100, right: 60, own: 7 });
    const [inLeft, inRight, inMono] = [107, 67, 87];
    t.same(mix(), isStereo ? [inLeft, inRight] : [inMono]);
    const heard = mix([{ level: 30, channel: RED }]);
    t.same(heard, isStereo ? [inLeft + 30, inRight + 30] : [inMono + 30]);
    t.same(mix(), isStereo ? [inLeft, inRight] : [inMono], 'and nothing is left of it');
  }
  t.end();
});

test('a channel from one side stays there', (t) => {
  const { ears, mix } = setUp({ pan: -1 });
  Object.assign(ears, { left: 100, right: 60, own: 7 });
  t.same(mix([{ level: 40, channel: LEFT }]), [107 + 40, 67 + 10]);
  t.same(mix([{ level: 40, channel: RED }]), [107 + 40, 67 + 40]);
  t.end();
});

test('the mix of a tick is made once, for all listeners', (t) => {
  const { ears, group, mix, again } = setUp();
  ears.left = 5;
  mix();
  t.equal(group.stream.frames, 1);
  ears.left = 50;
  again();
  t.equal(group.stream.frames, 1);
  t.equal(ears.told.length, 1);
  t.end();
});

test('it fades in, with an encoder that starts afresh, whenever it was not made in the tick before', (t) => {
  const { ears, group, mix, channels, ducking } = setUp();
  ears.left = 5;
  for (let i = 0; i < 3; i++) mix();
  t.equal(group.stream.frames, 3);
  mix([], 1);
  t.equal(group.stream.frames, 1);
  mix();
  t.equal(group.stream.frames, 2);
  t.same(
    ears.told.map(({ fadesIn }) => fadesIn),
    [true, false, false, true, false],
  );
  t.ok(ears.told.every((one) => one.heard === channels && one.ducking === ducking && one.hearing.isPlain));
  t.end();
});

test('many voices take room, also those of the owner and in space', (t) => {
  const { ears, mix } = setUp();
  // More than two voices are attenuated as their power grows.
  const many = Array.from({ length: 6 }, () => ({ level: 1000, channel: RED }));
  Object.assign(ears, { left: 1000, load: 0.5 });
  for (let i = 0; i < 60; i++) mix(many);
  const [left] = mix(many);
  t.ok(Math.abs(left! - 7000 * Math.sqrt(2 / 6.5)) < 40, `${left}`);
  ears.own = 1000;
  for (let i = 0; i < 60; i++) mix(many);
  const [withOwn] = mix(many);
  t.ok(Math.abs(withOwn! - 8000 * Math.sqrt(2 / 7.5)) < 40, `${withOwn}`);
  t.end();
});

test('a closed group gives its encoder back', (t) => {
  const { ears, group, mix, pool } = setUp();
  ears.left = 5;
  mix();
  t.equal(pool.encodersInUse, 1);
  group.close();
  t.equal(pool.encodersInUse, 0);
  t.end();
});
