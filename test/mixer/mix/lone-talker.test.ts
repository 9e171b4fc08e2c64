import fc from 'fast-check';
import { test } from 'tap';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { Audience } from '../../../src/mixer/mix/audience.ts';
import { ChannelSet } from '../../../src/mixer/mix/channel-set.ts';
import { follows, loneTalker } from '../../../src/mixer/mix/lone-talker.ts';
import { type Listening, PASSED, type Place, SILENCE } from '../../../src/mixer/mix/mix-participant.ts';
import { FLAT_ENCODERS } from '../../../src/mixer/mix/room-encoders.ts';
import { cases } from '../../helpers/cases.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { addressOf, stillVoice } from '../../helpers/still-voice.ts';

const SEED = Number(process.env['SEED'] ?? 4190);
const pool = new CodecPool(new PlainCodec(), () => 0);
const everyone = new Audience(pool, ChannelSet.ROOM, FLAT_ENCODERS.shared);
const PACKET = Uint8Array.of(1);

/** Somebody whose packets could be passed on, or not, and how often they were asked to be decoded from now on. */
function talker(options: { passed?: null; channels?: readonly number[]; before?: readonly number[] } = {}) {
  const { channels = [0], before } = options;
  const passed = options.passed === null ? undefined : PACKET;
  const asked = { ends: 0 };
  const place = stillVoice(pool.kernels, everyone, { voice: 1, level: 1 });
  Object.assign(place.source, { passed, endPassage: () => void asked.ends++ });
  place.address = addressOf(channels);
  place.addressBefore = before === undefined ? place.address : addressOf(before);
  return { place, asked };
}

test('the only voice is the lone talker if its packets can be passed on, to everyone, as in the tick before', (t) => {
  const { place, asked } = talker();
  t.equal(loneTalker([place]), place);
  t.equal(asked.ends, 0);
  t.equal(loneTalker([]), undefined);
  for (const options of [
    { passed: null },
    { channels: [1] },
    { channels: [] },
    { channels: [0], before: [1] },
    { channels: [0], before: [0] },
  ]) {
    const other = talker(options);
    t.equal(loneTalker([other.place]), undefined, JSON.stringify(options));
    t.equal(other.asked.ends, 1, 'it is decoded from now on');
  }
  const both = talker({ channels: [0, 1] });
  t.equal(loneTalker([both.place]), both.place);
  t.end();
});

test('of two voices none is passed on, and both are decoded', (t) => {
  const voices = [talker(), talker(), talker({ passed: null })];
  t.equal(loneTalker(voices.map(({ place }) => place)), undefined);
  t.same(
    voices.map(({ asked }) => asked.ends),
    [1, 1, 1],
  );
  t.end();
});

test('a voice is followed from its beginning after silence, or by those who follow it already', (t) => {
  t.comment(`SEED=${SEED}`);
  const listenings: readonly Listening[] = [SILENCE, PASSED, everyone.listening];
  fc.assert(
    fc.property(
      fc.nat({ max: 2 }),
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      (which, isPersonal, deafened, soundedBefore) => {
        const listener: Place = stillVoice(pool.kernels, everyone, { voice: 2, level: 0, isTalking: false });
        pool.kernels.frames.release(listener.frame);
        Object.assign(listener, { listening: listenings[which], isPersonal, deafened });
        const { place } = talker();
        pool.kernels.frames.release(place.frame);
        place.soundedBefore = soundedBefore;
        const mayFollow = listener.listening === PASSED || (listener.listening === SILENCE && !soundedBefore);
        return follows(listener, place) === (mayFollow && !isPersonal && !deafened);
      },
    ),
    { seed: SEED, numRuns: cases(100) },
  );
  t.end();
});
