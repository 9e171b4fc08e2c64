import { test } from 'tap';
import { JSON_FILE, type Options, parseOptions } from '../../bench/lib/options.ts';

const options = {
  sizes: { kind: 'numbers', default: [10, 20], min: 1, max: 100, description: 'sizes' },
  seconds: { kind: 'number', default: 5, min: 1, max: 60, description: 'length' },
  jitter: { kind: 'number', default: 0, min: 0, max: 50, integer: false, description: 'delay' },
  json: JSON_FILE,
} as const satisfies Options;

test('flags are read, and what is not allowed is answered with what is', async (t) => {
  t.same(parseOptions([], options), { sizes: [10, 20], seconds: 5, jitter: 0, json: undefined });
  t.same(parseOptions(['--sizes', '1,2', '--jitter=2.5', '--json', 'a.json'], options), {
    sizes: [1, 2],
    seconds: 5,
    jitter: 2.5,
    json: 'a.json',
  });
  const refused: [string[], RegExp][] = [
    [['--second', '3'], /Known flags: --sizes, --seconds/],
    [['--seconds', '61'], /--seconds: "61" is not a whole number from 1 to 60/],
    [['--seconds', '1.5'], /whole number/],
    [['--seconds', ''], /whole number/],
    [['--sizes', '1,,2'], /--sizes/],
    [['--jitter', 'x'], /--jitter: "x" is not a number from 0 to 50/],
    [['stray'], /stray/],
  ];
  for (const [args, message] of refused) {
    t.throws(() => parseOptions(args, options), { name: 'UsageError', message });
  }
});
