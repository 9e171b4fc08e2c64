import { test } from 'tap';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../../../src/mixer/format.ts';
import { createSource } from '../../../src/mixer/mix/create-source.ts';
import type { ParticipantOptions } from '../../../src/mixer/mix/mix-participant.ts';
import { TalkerLimits } from '../../../src/mixer/mix/talker-limits.ts';
import { MusicSource } from '../../../src/mixer/source/music-source.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { rms, roundToInt16, toInt16 } from '../../helpers/signal.ts';
import { addressOf } from '../../helpers/still-voice.ts';
import { voiced } from '../../helpers/voiced.ts';

const SECONDS = 6;
const QUIET = toInt16(voiced(7, SECONDS).map((sample) => sample * 0.1));

/** What is heard at the end of somebody who talks quietly all the time; 0 if nothing is. */
function heard(
  options: Partial<ParticipantOptions>,
  { limits = new TalkerLimits(8), levelling = false } = {},
): { readonly level: number; readonly limits: TalkerLimits } {
  const codec = new PlainCodec();
  const pool = new CodecPool(codec, () => 0);
  const source = createSource(pool, limits, levelling, {
    sink: { write: () => {} },
    muted: false,
    deafened: false,
    ...options,
  });
  const frames = SECONDS * 50;
  const levels: number[] = [];
  for (let n = 0; n < frames; n++) {
    const payload = codec.encode(QUIET.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES));
    const packet = { sequenceNumber: n, timestamp: n * FRAME_SAMPLES, payload, levelDbov: -40, redundant: false };
    source.push(packet, n * PTIME_MS);
    if (!source.read(n * PTIME_MS)) levels.push(0);
    else {
      source.render();
      levels.push(rms(roundToInt16(source.frame.samples)));
    }
    limits.decide();
  }
  const last = levels.slice(-100);
  return { level: Math.sqrt(last.reduce((sum, level) => sum + level * level, 0) / last.length), limits };
}

/** Limits whose places in the room are taken. */
function fullRoom(): TalkerLimits {
  const limits = new TalkerLimits(1);
  const talker = { speaking: true, sounding: true, loudnessDbov: -1, admitted: false };
  limits.room.request(talker);
  limits.decide();
  return limits;
}

test('a voice is brought to a common level if the room is levelled; what comes from another server is, already', (t) => {
  const { level: plain } = heard({});
  t.ok(plain > 0);
  for (const kind of [undefined, 'voice'] as const)
    t.ok(heard(kind === undefined ? {} : { kind }, { levelling: true }).level > 1.5 * plain, `${kind}`);
  for (const kind of ['leaf', 'home'] as const)
    t.ok(Math.abs(heard({ kind }, { levelling: true }).level / plain - 1) < 0.02, kind);
  t.end();
});

test('a voice and a leaf need a place in the room; the home is always heard', (t) => {
  t.equal(heard({ kind: 'voice' }, { limits: fullRoom() }).level, 0);
  t.equal(heard({ kind: 'leaf' }, { limits: fullRoom() }).level, 0);
  t.ok(heard({ kind: 'home' }, { limits: fullRoom() }).level > 0);
  t.ok(heard({ kind: 'home' }).limits.room.hasRoom);
  const { limits } = heard({ kind: 'home' }, { limits: new TalkerLimits(1) });
  t.notOk(limits.room.isTaken, 'it takes no place');
  t.ok(heard({ kind: 'leaf' }, { limits: new TalkerLimits(1) }).limits.room.isTaken);
  t.ok(heard({ address: addressOf([3]) }, { limits: fullRoom() }).level > 0, 'a channel has places of its own');
  t.end();
});

test('who is muted is not heard, whatever they are', (t) => {
  for (const kind of ['voice', 'leaf', 'home'] as const) t.equal(heard({ kind, muted: true }).level, 0, kind);
  t.end();
});

test('music is music', (t) => {
  const pool = new CodecPool(new PlainCodec(), () => 0);
  const options = { sink: { write: () => {} }, muted: false, deafened: false };
  t.ok(createSource(pool, new TalkerLimits(8), true, { ...options, kind: 'music' }) instanceof MusicSource);
  t.notOk(createSource(pool, new TalkerLimits(8), true, { ...options, kind: 'leaf' }) instanceof MusicSource);
  t.end();
});
