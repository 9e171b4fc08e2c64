import { test } from 'tap';
import { describeOptions, JSON_FILE, type Options, parseOptions } from '../../bench/lib/options.ts';

const options = {
  sizes: { kind: 'numbers', default: [10, 20], min: 1, max: 100, description: 'sizes' },
  seconds: { kind: 'number', default: 5, min: 1, max: 60, description: 'length' },
  jitter: { kind: 'number', default: 0, min: 0, max: 50, integer: false, description: 'delay' },
  find: { kind: 'switch', description: 'search' },
  against: { kind: 'choice', choices: ['janus'], description: 'beside' },
  flags: { kind: 'text', placeholder: 'FLAGS', description: 'flags of the server' },
  json: JSON_FILE,
} as const satisfies Options;

test('flags are parsed, and an error for a bad value lists the allowed ones', async (t) => {
  const defaults = { sizes: [10, 20], seconds: 5, jitter: 0, find: false };
  t.same(parseOptions([], options), { ...defaults, against: undefined, flags: undefined, json: undefined });
  const numbers = ['--sizes', '1,2', '--jitter=2.5', '--json', 'a.json'];
  const words = ['--find', '--against', 'janus', '--flags=--port 1'];
  t.same(parseOptions([...numbers, ...words], options), {
    sizes: [1, 2],
    seconds: 5,
    jitter: 2.5,
    find: true,
    against: 'janus',
    flags: '--port 1',
    json: 'a.json',
  });
  const refused: [string[], RegExp][] = [
    [['--second', '3'], /Known flags: --sizes, --seconds/],
    [['--seconds', '61'], /--seconds: "61" is not a whole number from 1 to 60/],
    [['--seconds', '1.5'], /whole number/],
    [['--seconds', ''], /whole number/],
    [['--sizes', '1,,2'], /--sizes/],
    [['--jitter', 'x'], /--jitter: "x" is not a number from 0 to 50/],
    [['--find=yes'], /find/],
    [['--against', 'mumble'], /--against: "mumble" is not one of janus/],
    [['stray'], /stray/],
  ];
  for (const [args, message] of refused) {
    t.throws(() => parseOptions(args, options), { name: 'UsageError', message });
  }
});

test('the help shows the values of each flag', async (t) => {
  t.equal(
    describeOptions(options),
    [
      '  --sizes N,N,…    sizes (default 10,20)',
      '  --seconds N      length (default 5)',
      '  --jitter N       delay (default 0)',
      '  --find           search',
      '  --against janus  beside',
      '  --flags FLAGS    flags of the server',
      '  --json FILE      write the figures as JSON to this file',
    ].join('\n'),
  );
});
