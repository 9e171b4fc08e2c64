import fc from 'fast-check';
import { test } from 'tap';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES, FULL_SCALE, PTIME_MS } from '../../../src/mixer/format.ts';
import { threadKernels } from '../../../src/mixer/kernels/kernels.ts';
import { NOTHING_ARRIVED, Passage } from '../../../src/mixer/source/passage.ts';
import { PreRoll } from '../../../src/mixer/source/pre-roll.ts';
import { Speech } from '../../../src/mixer/source/speech.ts';
import { cases } from '../../helpers/cases.ts';
import { HYBRID, PlainCodec } from '../../helpers/plain-codec.ts';

const SEED = Number(process.env['SEED'] ?? 3013);

interface Said {
  readonly claimedDbov?: number;
  /** The level of the sound; by default it is as claimed. */
  readonly soundDbov?: number;
}

/** A voice whose packets are passed on as long as they may be. */
class Line {
  readonly codec = new PlainCodec(HYBRID);
  readonly pool: CodecPool;
  readonly passage: Passage;
  readonly speech = new Speech();
  readonly preRoll = new PreRoll();
  nowMs = 0;

  constructor(random = 0.5) {
    this.pool = new CodecPool(
      this.codec,
      () => 0,
      threadKernels(),
      () => random,
    );
    this.passage = new Passage(this.pool);
  }

  /** Takes the packet of the next tick. Returns whether it is passed on. */
  say({ claimedDbov = -20, soundDbov = claimedDbov }: Said = {}): boolean {
    const payload = this.codec.encode(new Int16Array(FRAME_SAMPLES).fill(FULL_SCALE * 10 ** (soundDbov / 20)));
    this.nowMs += PTIME_MS;
    const { passage } = this;
    passage.startTick(true);
    const mayPass =
      passage.admits(payload, !passage.continues) &&
      passage.trusts(payload, claimedDbov, this.speech, this.preRoll, this.nowMs);
    this.preRoll.add(payload);
    if (mayPass) passage.pass(payload);
    else passage.end();
    return mayPass;
  }

  /** At which of so many packets, counted from 1, the level is checked. */
  checks(packets: number, said?: Said): number[] {
    const checked: number[] = [];
    for (let n = 1; n <= packets; n++) {
      const before = this.pool.counters.packetsChecked;
      this.say(said);
      if (this.pool.counters.packetsChecked > before) checked.push(n);
    }
    return checked;
  }

  pause(ms: number): void {
    this.passage.startTick(true);
    this.nowMs += ms;
  }

  /** Leaves no time for checks in the next tick. */
  exhaustChecks(): void {
    while (this.pool.allowsCheck(this.nowMs + PTIME_MS));
  }
}

/** A packet of so many bytes that begins like this. */
const packet = (bytes: number, toc = HYBRID) => new Uint8Array(bytes).fill(1).fill(toc, 0, 1);

test('a voice is passed on from its beginning, if that is allowed, and as long as it is', async (t) => {
  const { passage } = new Line();
  const step = (allowed: boolean, begins: boolean) => {
    passage.startTick(allowed);
    const admitted = passage.admits(packet(60), begins);
    if (admitted) passage.pass(packet(60));
    return admitted;
  };
  t.notOk(step(false, true), 'not allowed');
  t.notOk(step(true, false), 'it has begun before');
  t.ok(step(true, true));
  t.ok(passage.payload !== undefined && !passage.continues);
  t.ok(step(true, false));
  t.ok(passage.continues);
  t.notOk(step(false, true), 'no longer allowed');
  t.equal(passage.payload, undefined);
  t.notOk(passage.continues);
  t.notOk(step(true, false), 'it is in the middle');
  t.ok(step(true, true), 'it begins anew');
  passage.end();
  t.equal(passage.payload, undefined);
  t.notOk(passage.admits(packet(60), true), 'not again in this tick');
  t.notOk(step(true, false));
});

test('only single mono frames of speech of up to 240 bytes are passed on', async (t) => {
  const admits = (payload: Uint8Array) => {
    const { passage } = new Line();
    passage.startTick(true);
    return passage.admits(payload, true);
  };
  t.ok(admits(packet(240)) && admits(packet(3)));
  t.notOk(admits(packet(241)));
  t.notOk(admits(packet(2)), 'DTX');
  t.notOk(admits(packet(60, HYBRID | 4)), 'stereo');
  t.notOk(admits(packet(60, HYBRID | 1)), 'two frames');
  t.notOk(admits(packet(60, 0xf8)), 'CELT');
  t.notOk(admits(packet(60, 0x70)), '10 ms');
});

test('for any bit rate, the mean of about half a second decides whether it is too high', async (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 240 }), (bytes) => {
      const { passage } = new Line();
      let admitted = 0;
      for (; admitted < 200; admitted++) {
        passage.startTick(true);
        if (!passage.admits(packet(bytes), admitted === 0)) break;
        passage.pass(packet(bytes));
      }
      if (bytes <= 150) return admitted === 200;
      // A pole of 500 ms needs this long from 0 to 150.
      const expectedMs = -500 * Math.log(1 - 150 / bytes);
      return Math.abs(admitted * PTIME_MS - expectedMs) < 0.05 * expectedMs + 2 * PTIME_MS;
    }),
    { seed: SEED, numRuns: cases(60) },
  );
});

test('two missing frames in a row are left to the receivers, and then no more until a packet has come', async (t) => {
  const { passage } = new Line();
  t.equal(passage.missed, 0);
  const miss = () => {
    passage.startTick(true);
    return passage.bridge();
  };
  const pass = () => {
    passage.startTick(true);
    passage.pass(packet(60));
  };
  t.notOk(miss(), 'nothing was passed on');
  pass();
  t.equal(passage.missed, 0);
  t.ok(miss());
  t.equal(passage.payload, NOTHING_ARRIVED);
  t.equal(passage.missed, 0, 'none before this one');
  t.ok(miss());
  t.equal(passage.missed, 1);
  t.ok(passage.continues);
  passage.startTick(true);
  t.equal(passage.missed, 2);
  t.notOk(passage.bridge());
  passage.end();
  pass();
  t.equal(passage.missed, 0);
  t.ok(miss());
  pass();
  t.ok(miss() && miss(), 'two again');
});

test('the third packet is checked, and then one at random between the 25th and the 85th after it', async (t) => {
  for (const [random, expected] of [
    [0, [3, 28, 53, 78]],
    [0.5, [3, 58]],
    [0.9999, [3, 88]],
  ] as const) {
    t.strictSame(new Line(random).checks(100), expected, `${random}`);
  }
});

test('levels are compared over the last three packets, so loud and soft ones may alternate', async (t) => {
  const line = new Line(0);
  for (let n = 0; n < 300; n++) t.ok(line.say({ claimedDbov: [-15, -45, -60][n % 3]! }), `packet ${n}`);
  t.ok(line.speech.isConfirmed(line.nowMs));
  const shuffled = new Line(0);
  // The mean of three is as claimed.
  for (let n = 0; n < 100; n++) {
    t.ok(shuffled.say({ claimedDbov: [-15, -45, -60][n % 3]!, soundDbov: [-45, -60, -15][n % 3]! }), `packet ${n}`);
  }
});

test('when levels disagree, the next three packets are checked, and after the third time the voice is decoded', async (t) => {
  const line = new Line();
  t.strictSame(line.checks(9, { claimedDbov: -20, soundDbov: -50 }), [3, 6, 9]);
  t.equal(line.passage.payload, undefined, 'the ninth is not passed on');
  for (const wrong of [1, 2]) {
    const repentant = new Line();
    const lie = { claimedDbov: -20, soundDbov: -50 };
    for (let n = 0; n < 3 * wrong; n++) t.ok(repentant.say(lie));
    // Its sound is what it claims from now on.
    for (let n = 0; n < 100; n++) t.ok(repentant.say(), `packet ${n} after ${wrong} wrong checks`);
  }
});

test('for any checks, three in a row that disagree end it, and one that agrees starts the count anew', async (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }), (verdicts) => {
      const line = new Line(0);
      let wrong = 0;
      for (const agrees of verdicts) {
        wrong = agrees ? 0 : wrong + 1;
        const before = line.pool.counters.packetsChecked;
        let isPassed = true;
        while (isPassed && line.pool.counters.packetsChecked === before) {
          isPassed = line.say(agrees ? {} : { claimedDbov: -20, soundDbov: -50 });
        }
        if (isPassed !== wrong < 3) return false;
        if (!isPassed) return true;
      }
      return true;
    }),
    { seed: SEED, numRuns: cases(60) },
  );
});

test('one check that is far off does not count against the next, however loud it was', async (t) => {
  for (const soundDbov of [-60, -8, -4]) {
    const line = new Line(0);
    for (let n = 0; n < 3; n++) t.ok(line.say({ claimedDbov: -20, soundDbov }));
    t.strictSame(line.checks(40), [3, 28], `${soundDbov} dBov: the repeated check agrees`);
  }
});

test('a voice goes unchecked for twelve packets if there is no time for checks', async (t) => {
  const line = new Line();
  let passed = 0;
  for (; passed < 100; passed++) {
    line.exhaustChecks();
    if (!line.say()) break;
  }
  t.equal(passed, 13);
  t.equal(line.pool.counters.packetsChecked, 0);
});

test('a confirmed voice that begins again is checked when the next check was due, and another one soon', async (t) => {
  const line = new Line(0);
  t.strictSame(line.checks(10), [3]);
  line.pause(100);
  // The 28th packet of all.
  t.strictSame(line.checks(41), [18]);
  line.pause(100);
  // Due with the second one.
  t.strictSame(line.checks(10), [3], 'never before the third');
  line.pause(3000);
  t.strictSame(line.checks(10), [3], 'the confirmation has expired');
});

test('a voice that has ended in the middle is not passed on again in the same tick', async (t) => {
  const { passage } = new Line();
  passage.startTick(true);
  passage.pass(packet(60));
  passage.startTick(true);
  t.ok(passage.continues);
  passage.end();
  t.notOk(passage.continues || passage.bridge());
  t.notOk(passage.admits(packet(60), false));
});

test('a check compares the mean powers of the last three packets', async (t) => {
  const line = new Line();
  const checks: (readonly number[])[] = [];
  const speech = {
    isConfirmed: () => true,
    check: (...levels: readonly number[]) => {
      checks.push(levels);
      return true;
    },
  } as unknown as Speech;
  line.passage.startTick(true);
  const meanOf = (levels: readonly number[]) =>
    10 * Math.log10(levels.reduce((sum, dbov) => sum + 10 ** (dbov / 10) / levels.length, 0));
  const claims = [-70, -62, -66];
  const sounds = [-30, -41, -36];
  for (const [n, dbov] of sounds.entries()) {
    const payload = line.codec.encode(new Int16Array(FRAME_SAMPLES).fill(FULL_SCALE * 10 ** (dbov / 20)));
    t.ok(line.passage.trusts(payload, claims[n]!, speech, line.preRoll, n * PTIME_MS));
    line.passage.pass(payload);
    line.preRoll.add(payload);
    line.passage.startTick(true);
  }
  const [[claimedDbov, measuredDbov, durationMs, nowMs]] = checks as [readonly [number, number, number, number]];
  t.equal(checks.length, 1);
  t.ok(Math.abs(claimedDbov - meanOf(claims)) < 0.01, `${claimedDbov}`);
  t.ok(Math.abs(measuredDbov - meanOf(sounds)) < 0.2, `${measuredDbov}`);
  t.same([durationMs, nowMs], [3 * PTIME_MS, 2 * PTIME_MS]);
});
