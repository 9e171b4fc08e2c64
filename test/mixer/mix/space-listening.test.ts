import fc from 'fast-check';
import { test } from 'tap';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import type { Frame } from '../../../src/mixer/kernels/frame.ts';
import { Audience } from '../../../src/mixer/mix/audience.ts';
import { ChannelSet } from '../../../src/mixer/mix/channel-set.ts';
import { ChannelSounds } from '../../../src/mixer/mix/channel-sounds.ts';
import type { Ears, SpaceListener } from '../../../src/mixer/mix/ears.ts';
import type { EarsGroup } from '../../../src/mixer/mix/ears-group.ts';
import type { Heard } from '../../../src/mixer/mix/mix-participant.ts';
import { MixStream } from '../../../src/mixer/mix/mix-stream.ts';
import { SPACE_ENCODERS } from '../../../src/mixer/mix/room-encoders.ts';
import { addSpace, hearSpace } from '../../../src/mixer/mix/space-listening.ts';
import { VoiceCopies } from '../../../src/mixer/mix/voice-copies.ts';
import { cases } from '../../helpers/cases.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { stillVoice } from '../../helpers/still-voice.ts';

const SEED = Number(process.env['SEED'] ?? 4160);
const codec = new PlainCodec();
const pool = new CodecPool(codec, () => 0);
const { kernels } = pool;
const RED = ChannelSet.of([1]);
const audience = new Audience(pool, RED, SPACE_ENCODERS.shared);
const OWN_SLOT = 4;

test('a listener needs a mix of their own unless others with the same ears hear the same', (t) => {
  t.comment(`SEED=${SEED}`);
  const heards = fc.constantFrom<Heard>('nothing', 'beginnings', 'more');
  const state = fc.record({
    inSpace: heards,
    before: heards,
    differs: fc.boolean(),
    groupSize: fc.option(fc.integer({ min: 1, max: 3 })),
    isOwner: fc.boolean(),
    ownerSpeaks: fc.boolean(),
    isTouched: fc.boolean(),
  });
  fc.assert(
    fc.property(state, ({ inSpace, before, differs, groupSize, isOwner, ownerSpeaks, isTouched }) => {
      const asked: boolean[] = [];
      const ears: Partial<Ears> = {
        slot: OWN_SLOT,
        ownVoice: ownerSpeaks ? ({} as NonNullable<Ears['ownVoice']>) : undefined,
        heardBy: (_hearing, owns) => {
          asked.push(owns);
          return inSpace;
        },
        isTouchedBy: () => isTouched,
      };
      const place = stillVoice(kernels, audience, { voice: 1, level: 0, isTalking: false });
      kernels.frames.release(place.frame);
      Object.assign(place, { ears, slot: isOwner ? OWN_SLOT : 7, heard: before, differs });
      if (groupSize !== null) place.group = { size: groupSize } as EarsGroup;
      hearSpace(place);
      const isShared = (groupSize ?? 1) > 1 && !isTouched && !(isOwner && ownerSpeaks);
      const most = before === 'more' || inSpace === 'nothing' ? before : inSpace;
      return (
        asked.join() === `${isOwner}` &&
        place.heardInSpace === inSpace &&
        place.heard === most &&
        place.differs === (differs || (inSpace !== 'nothing' && !isShared))
      );
    }),
    { seed: SEED, numRuns: cases(300) },
  );
  t.end();
});

test('without ears nothing is heard in space', (t) => {
  const place = stillVoice(kernels, audience, { voice: 1, level: 0 });
  hearSpace(place);
  t.match(place, { heardInSpace: 'nothing', heard: 'nothing', differs: false });
  t.end();
});

/** What somebody hears of 100 on the left and 40 on the right in channels, and of 7 and 3 in space. */
function heardBy({ isStereo = true, sidesDiffer = true, isOwner = false, load = 0, ticks = 1 } = {}) {
  const add = (frame: Frame, level: number) => {
    for (let i = 0; i < FRAME_SAMPLES; i++) frame.samples[i]! += level;
  };
  const listeners: SpaceListener[] = [];
  const ears: Partial<Ears> = {
    slot: OWN_SLOT,
    addOwnVoiceTo: (mix) => {
      add(mix, 1000);
      return 1;
    },
    addTo: (left, right, listener) => {
      listeners.push({ ...listener });
      add(left, 7);
      add(right, 3);
      return load;
    },
    addMonoTo: (mix, listener) => {
      listeners.push({ ...listener });
      add(mix, 5);
      return load;
    },
  };
  const place = stillVoice(kernels, audience, { voice: 1, level: 0 });
  place.slot = isOwner ? OWN_SLOT : 7;
  place.heardSpace = true;
  const sounds = new ChannelSounds();
  const copies = new VoiceCopies(kernels, sounds);
  const stream = new MixStream(pool, isStereo ? SPACE_ENCODERS.stereo : SPACE_ENCODERS.own);
  const [left, right] = [kernels.frames.take(), kernels.frames.take()];
  left.samples.fill(100);
  right.samples.fill(40);
  const flat = { left, right: sidesDiffer ? right : left, voices: 1 };
  let heard: number[] = [];
  for (let i = 0; i < ticks; i++) {
    addSpace(place, ears as Ears, flat, stream, copies);
    const frame = codec.decode(stream.payload());
    heard = [...frame.slice(isStereo ? -2 : -1)];
  }
  const untouched = [left.samples[0], right.samples[0]];
  stream.setSilent();
  for (const frame of [left, right, place.frame]) kernels.frames.release(frame);
  return { heard, listeners, untouched, sounds, place };
}

test('what is heard in space is added to what the channels say, on each side', (t) => {
  t.same(heardBy({ isOwner: true }).heard, [107, 43]);
  t.same(heardBy({ isOwner: true, sidesDiffer: false }).heard, [107, 103]);
  t.same(heardBy({ isOwner: true, isStereo: false }).heard, [105]);
  t.same(heardBy().untouched, [100, 40], 'and others still find the channels as they were');
  t.end();
});

test('whoever uses the ears of another hears that one as well, on both sides', (t) => {
  t.same(heardBy().heard, [1107, 1043]);
  t.same(heardBy({ sidesDiffer: false }).heard, [1107, 1103]);
  t.same(heardBy({ isStereo: false }).heard, [1105]);
  t.end();
});

test('voices in space take room like others', (t) => {
  for (const isStereo of [true, false]) {
    for (const isOwner of [true, false]) {
      const voices = 1 + (isOwner ? 0 : 1) + 6;
      const plain = heardBy({ isStereo, isOwner }).heard;
      const { heard } = heardBy({ isStereo, isOwner, load: 6, ticks: 60 });
      const gain = Math.sqrt(2 / voices);
      t.ok(
        heard.every((sample, i) => Math.abs(sample - plain[i]! * gain) < 2),
        `${heard} of ${plain}`,
      );
    }
  }
  t.end();
});

test('the ears learn what else the listener hears, and whether voices must fade in', (t) => {
  const { listeners, place, sounds } = heardBy();
  t.equal(listeners.length, 1);
  t.strictSame(
    [listeners[0]!.hearing, listeners[0]!.fadesIn, listeners[0]!.heard, listeners[0]!.ducking],
    [place.hearing, false, RED, sounds.ducking],
  );
  t.end();
});
