import fc from 'fast-check';
import { test } from 'tap';
import type { Codec, Decoder, Encoder, EncoderSettings } from '../../../src/mixer/codec/codec.ts';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { cases } from '../../helpers/cases.ts';

const SEED = Number(process.env['SEED'] ?? 1210);

class SpyEncoder implements Encoder {
  settings: EncoderSettings | undefined;
  resets = 0;

  configure(settings: EncoderSettings): void {
    this.settings = settings;
  }

  reset(): void {
    this.resets++;
  }

  encode(): Uint8Array {
    return new Uint8Array(0);
  }
}

class SpyDecoder implements Decoder {
  resets = 0;

  reset(): void {
    this.resets++;
  }

  decode(): undefined {}

  conceal(): undefined {}
}

function spyPool() {
  const encoders: SpyEncoder[] = [];
  const decoders: SpyDecoder[] = [];
  const made = <T>(list: T[], one: T) => {
    list.push(one);
    return one;
  };
  const codec: Codec = {
    createEncoder: () => made(encoders, new SpyEncoder()),
    createDecoder: () => made(decoders, new SpyDecoder()),
  };
  return { pool: new CodecPool(codec, () => 0), encoders, decoders };
}

const settings = fc.record({ bitrate: fc.integer({ min: 6000, max: 96_000 }), complexity: fc.nat(10) });
const action = fc.oneof(
  fc.record({ kind: fc.constant('take' as const), settings }),
  fc.record({ kind: fc.constant('release' as const), which: fc.nat() }),
  fc.record({ kind: fc.constant('limit' as const), complexity: fc.nat(10) }),
);

test('for any use, each encoder has one user, starts fresh, and runs with the requested settings within the limit', async (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const { pool, encoders } = spyPool();
      const inUse = new Map<SpyEncoder, EncoderSettings>();
      let limit = 10;
      let most = 0;
      for (const one of actions) {
        if (one.kind === 'limit') {
          limit = one.complexity;
          pool.limitComplexity(limit);
        } else if (one.kind === 'take') {
          const resets = encoders.map((encoder) => encoder.resets);
          const encoder = pool.takeEncoder(one.settings) as SpyEncoder;
          if (inUse.has(encoder) || encoder.resets !== (resets[encoders.indexOf(encoder)] ?? 0) + 1) return false;
          inUse.set(encoder, one.settings);
        } else if (inUse.size > 0) {
          const encoder = [...inUse.keys()][one.which % inUse.size]!;
          pool.releaseEncoder(encoder);
          inUse.delete(encoder);
        }
        most = Math.max(most, inUse.size);
        if (pool.encodersInUse !== inUse.size || encoders.length !== most) return false;
        for (const [encoder, { bitrate, complexity }] of inUse) {
          const actual = encoder.settings!;
          if (actual.bitrate !== bitrate || actual.complexity !== Math.min(complexity, limit)) return false;
        }
      }
      return true;
    }),
    { seed: SEED, numRuns: cases(200) },
  );
});

test('without a limit the highest Opus complexity is allowed', async (t) => {
  const { pool, encoders } = spyPool();
  pool.takeEncoder({ bitrate: 48_000, complexity: 10 });
  t.same(encoders[0]!.settings, { bitrate: 48_000, complexity: 10 });
});

test('an unused encoder is left alone', async (t) => {
  const { pool, encoders } = spyPool();
  pool.releaseEncoder(pool.takeEncoder({ bitrate: 48_000, complexity: 5 }));
  pool.limitComplexity(1);
  t.same(encoders[0]!.settings, { bitrate: 48_000, complexity: 5 });
});

test('decoders are reset for a new user, reused and counted', async (t) => {
  const { pool, decoders } = spyPool();
  const [first, second] = [pool.takeDecoder(), pool.takeDecoder()];
  t.not(first, second);
  t.equal(pool.decodersInUse, 2);
  pool.releaseDecoder(first);
  t.equal(pool.decodersInUse, 1);
  t.equal(pool.takeDecoder(), first);
  t.same(
    decoders.map(({ resets }) => resets),
    [2, 1],
  );
  t.equal(pool.decodersInUse, 2);
});

test('checks come in bursts of at most eight, at 200 a second', async (t) => {
  const { pool } = spyPool();
  const allowedAt = (nowMs: number) => {
    let allowed = 0;
    while (pool.allowsCheck(nowMs)) allowed++;
    return allowed;
  };
  t.equal(allowedAt(0), 8);
  t.equal(allowedAt(5), 1);
  let inASecond = 0;
  for (let ms = 6; ms <= 1005; ms++) inASecond += allowedAt(ms);
  t.equal(inASecond, 200);
  t.equal(allowedAt(60_000), 8, 'unused checks are not saved up');
});

test('all counters start at zero', async (t) => {
  const { counters } = spyPool().pool;
  t.ok(Object.keys(counters).length >= 12);
  t.ok(Object.values(counters).every((count) => count === 0));
});

test('an encoder that was retuned keeps its new settings when the limit changes', async (t) => {
  const { pool, encoders } = spyPool();
  const encoder = pool.takeEncoder({ bitrate: 40_000, complexity: 5 });
  pool.retune(encoder, { bitrate: 72_000, complexity: 9 });
  t.match(encoders[0]!.settings, { bitrate: 72_000, complexity: 9 });
  pool.limitComplexity(7);
  t.match(encoders[0]!.settings, { bitrate: 72_000, complexity: 7 });
  pool.retune(encoder, { bitrate: 50_000, complexity: 10 });
  t.match(encoders[0]!.settings, { bitrate: 50_000, complexity: 7 }, 'and the limit applies to it');
  t.equal(pool.encodersInUse, 1);
});
