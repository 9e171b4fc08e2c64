import { test } from 'tap';
import { distanceGain } from '../../../src/mixer/space/distance.ts';
import { DEFAULT_SPACE, MAX_VOICES_HEARD } from '../../../src/mixer/space/space-settings.ts';
import { spaceRulesSchema } from '../../../src/protocol/space.ts';

test('a space without settings is the one that the documents describe', (t) => {
  const { curve, voices, cone } = spaceRulesSchema.parse({});
  t.same(DEFAULT_SPACE, { curve, voices, cone });
  t.end();
});

test('nobody can ask for more voices than the mixer can give', (t) => {
  t.ok(spaceRulesSchema.safeParse({ voices: MAX_VOICES_HEARD }).success);
  t.notOk(spaceRulesSchema.safeParse({ voices: MAX_VOICES_HEARD + 1 }).success);
  t.end();
});

test('at arm’s length a voice is as loud as in a flat room, and twice as far it is 6 dB quieter', (t) => {
  const at = (metres: number) => distanceGain(DEFAULT_SPACE.curve, metres, 100);
  t.equal(at(1), 1);
  t.equal(at(2), 1);
  t.ok(Math.abs(at(4) - 0.5) < 1e-9 && Math.abs(at(8) - 0.25) < 1e-9);
  t.end();
});
