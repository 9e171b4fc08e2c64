import { test } from 'tap';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { Audience } from '../../../src/mixer/mix/audience.ts';
import { ChannelSet } from '../../../src/mixer/mix/channel-set.ts';
import { NO_SLOT, Place, placeOf } from '../../../src/mixer/mix/mix-participant.ts';
import { FLAT_ENCODERS } from '../../../src/mixer/mix/room-encoders.ts';
import { TO_ROOM } from '../../../src/mixer/mix/voice-path.ts';
import { Source } from '../../../src/mixer/source/source.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { addressOf, stillVoice } from '../../helpers/still-voice.ts';

test('a new participant is silent, not awake, and at the start of the silence that they hear', async (t) => {
  const pool = new CodecPool(new PlainCodec(), () => 0);
  const source = new Source(pool, false);
  const audience = new Audience(pool, ChannelSet.ROOM, FLAT_ENCODERS.shared);
  const sink = { write: () => {} };
  for (const state of [
    { deafened: false, arriving: true },
    { deafened: true, arriving: false },
  ]) {
    const place = new Place(source, audience, { sink, muted: false, ...state });
    t.match(place, {
      ...state,
      awake: false,
      leaving: false,
      departing: false,
      contributing: false,
      listening: { to: 'silence' },
      silencePackets: 0,
      sameTicks: 0,
    });
    t.equal(place.source, source);
    t.equal(place.sink, sink);
    t.equal(placeOf(place), place, 'and is the object behind their own handle');
  }
});

test('until somebody looks, a participant hears nothing, differs from nobody, and is in no space', async (t) => {
  const pool = new CodecPool(new PlainCodec(), () => 0);
  const audience = new Audience(pool, ChannelSet.of([0, 3]), FLAT_ENCODERS.stereo);
  const options = { sink: { write: () => {} }, muted: false, deafened: false };
  const place = new Place(new Source(pool, false), audience, options);
  const still = { heard: 'nothing', heardInSpace: 'nothing', heardSpace: false, differs: false, isInSum: false };
  const nowhere = { ears: undefined, group: undefined, slot: NO_SLOT, endsEars: false, steady: undefined };
  t.match(place, {
    ...still,
    ...nowhere,
    isPersonal: false,
    soundedBefore: false,
    takesStereo: false,
    arriving: false,
  });
  t.same([place.address, place.addressBefore, place.wantedAddress, place.settledAddress], new Array(4).fill(TO_ROOM));
  t.same([place.wantedChannels, place.channelsBefore], [audience.channels, audience.channels]);
  t.equal(place.stereoBefore, true);
  t.equal(place.voice, 0, 'no hearing has a gain for it');
  t.ok(place.hearing.isPlain);
});

test('what a participant brings along is there from the first tick on', async (t) => {
  const pool = new CodecPool(new PlainCodec(), () => 0);
  const audience = new Audience(pool, ChannelSet.ROOM, FLAT_ENCODERS.shared);
  const address = addressOf([5], [9]);
  const place = new Place(new Source(pool, false), audience, {
    sink: { write: () => {} },
    muted: false,
    deafened: false,
    voice: 12,
    address,
    takesStereo: true,
    hearing: new Map([[7, 0.5]]),
  });
  t.strictSame(place.hearing.gainOf(7), { from: 0.5, to: 0.5 });
  t.same([place.voice, place.takesStereo, place.address, place.addressBefore], [12, true, address, address]);
  place.address = addressOf([6]);
  place.audience = new Audience(pool, ChannelSet.of([1]), FLAT_ENCODERS.stereo);
  place.endMove();
  t.same([place.addressBefore, place.channelsBefore, place.stereoBefore], [place.address, ChannelSet.of([1]), true]);
});

test('a participant shows the frame and the loudness of their source, and ends when it does', async (t) => {
  const pool = new CodecPool(new PlainCodec(), () => 0);
  const audience = new Audience(pool, ChannelSet.ROOM, FLAT_ENCODERS.shared);
  const place = stillVoice(pool.kernels, audience, { voice: 1, level: 4 });
  Object.assign(place.source, { sounding: true, loudnessDbov: -33 });
  t.strictSame([place.frame, place.loudnessDbov, place.isEnding], [place.source.frame, -33, false]);
  Object.assign(place.source, { sounding: false });
  t.equal(place.isEnding, true);
});
