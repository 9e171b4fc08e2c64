import fc from 'fast-check';
import { test } from 'tap';
import { createSharedMix, MixRing } from '../../../src/media/link/mix-ring.ts';
import { MISSING } from '../../../src/media/link/ring-slots.ts';
import { MAX_TARGETED, MAX_WHISPERS } from '../../../src/media/link/targeted-ring.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import type { Contributor } from '../../../src/mixer/mix/contributor.ts';
import { TO_ROOM } from '../../../src/mixer/mix/voice-path.ts';
import { MAX_WHISPERED } from '../../../src/protocol/bounds.ts';
import { cases } from '../../helpers/cases.ts';
import { contributorIn } from '../../helpers/random-contributor.ts';

const SEED = Number(process.env['SEED'] ?? 3308);

function rings() {
  const memory = createSharedMix(0);
  return { writer: new MixRing(memory).targeted, reader: new MixRing(memory).targeted };
}

test('another worker reads the voices of a tick as they were written, the 32 loudest of them', async (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(
      fc.array(contributorIn(), { maxLength: 36 }),
      fc.integer({ min: 0, max: 2 ** 31 + 5 }),
      (voices, tick) => {
        const { writer, reader } = rings();
        if (reader.count(tick) !== MISSING) return false;
        writer.write(tick, voices);
        const ranked = [...voices].sort((a, b) => b.loudnessDbov - a.loudnessDbov);
        const kept = voices.length <= MAX_TARGETED ? voices : ranked.slice(0, MAX_TARGETED);
        if (reader.count(tick) !== kept.length) return false;
        const samples = new Float32Array(FRAME_SAMPLES);
        return kept.every((voice, i) => {
          reader.readFrame(tick, i, samples);
          const now = reader.address(tick, i, TO_ROOM);
          const before = reader.addressBefore(tick, i, TO_ROOM);
          return (
            reader.numberOf(tick, i) === voice.voice &&
            reader.soundedBefore(tick, i) === voice.soundedBefore &&
            reader.isEnding(tick, i) === voice.isEnding &&
            reader.bodySlot(tick, i) === voice.slot &&
            reader.loudnessDbov(tick, i) === voice.loudnessDbov &&
            isSame(now, voice.address) &&
            isSame(before, voice.addressBefore) &&
            reader.address(tick, i, now) === now &&
            samples.every((sample, at) => sample === voice.frame.samples[at])
          );
        });
      },
    ),
    { seed: SEED, numRuns: cases(200) },
  );
});

test('a tick is there until its slot is written again', async (t) => {
  const { writer, reader } = rings();
  for (let tick = 10; tick < 30; tick++) {
    writer.write(tick, []);
    for (const [other, isThere] of [
      [tick + 1, false],
      [tick, true],
      [tick - 3, tick >= 13],
      [tick - 4, false],
    ] as const) {
      t.equal(reader.holds(other), isThere, `${other} after ${tick}`);
      t.equal(reader.count(other), isThere ? 0 : MISSING);
    }
  }
});

test('a voice may whisper to as many people as the protocol allows', async (t) => {
  t.equal(MAX_WHISPERS, MAX_WHISPERED);
});

function isSame(a: Contributor['address'], b: Contributor['address']): boolean {
  return (
    a.channels.equals(b.channels) &&
    a.whispersTo.size === b.whispersTo.size &&
    [...a.whispersTo].every((one) => b.whispersTo.has(one))
  );
}
