import { test } from 'tap';
import { VoiceGate } from '../../../../src/gateways/mumble/shared/voice-gate.ts';

/** Packets of these levels, 20 ms apart. */
function passed(levels: readonly (number | null)[], speaks = false, gate = new VoiceGate()): boolean[] {
  return levels.map((level, n) => gate.passes(level, speaks, 20 * n));
}
const many = (level: number | null, count: number) => new Array<number | null>(count).fill(level);

test('speech opens the gate with its first packet, and pauses within it do not close it', async (t) => {
  const result = passed([...many(-70, 50), -30, ...many(-70, 30)]);
  t.same(result.lastIndexOf(true) - result.indexOf(true), 19);
  t.equal(result.indexOf(true), 50);
});

test('an open microphone in noise does not keep it open', async (t) => {
  const result = passed([...many(-45, 1000)]);
  t.equal(result.at(-1), false);
  t.same(passed([...many(-45, 1000), -30]).at(-1), true, 'but speech in noise opens it');
});

test('what is very quiet is no speech', async (t) => {
  t.equal(passed([...many(-100, 50), ...many(-60, 50)]).includes(true), false);
});

test('a voice without levels passes while the mixer hears it speak', async (t) => {
  t.same(passed(many(null, 3)), [false, false, false]);
  t.same(passed(many(null, 3), true), [true, true, true]);
});

test('a held tone passes as long as the mixer hears it', async (t) => {
  t.equal(passed(many(-20, 5000), true).includes(false), false);
});

test('a talker who sends nothing between words is heard from the first packet, however long they talk so', async (t) => {
  const gate = new VoiceGate();
  let nowMs = 0;
  for (let talkspurt = 0; talkspurt < 50; talkspurt++) {
    nowMs += 2000;
    for (let n = 0; n < 25; n++, nowMs += 20) if (!gate.passes(-20, false, nowMs)) t.fail(`${talkspurt}, packet ${n}`);
  }
  t.notOk(gate.passes(-70, false, nowMs + 2000));
});
