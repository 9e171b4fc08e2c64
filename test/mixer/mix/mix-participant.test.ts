import { test } from 'tap';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { Audience } from '../../../src/mixer/mix/audience.ts';
import { ChannelSet } from '../../../src/mixer/mix/channel-set.ts';
import { Place, placeOf } from '../../../src/mixer/mix/mix-participant.ts';
import { FLAT_ENCODERS } from '../../../src/mixer/mix/room-encoders.ts';
import { Source } from '../../../src/mixer/source/source.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';

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
