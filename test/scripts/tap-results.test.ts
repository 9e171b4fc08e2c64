import { test } from 'tap';
import { type FileResults, TapResults } from '../../scripts/test/tap-results.mjs';

type Expected = Partial<FileResults>;

const NOTHING: FileResults = { passed: 0, failed: [], skipped: [], assertions: [], comments: [], problem: null };

const CASES: Readonly<Record<string, readonly [tap: string, expected: Expected]>> = {
  'tests that pass and fail': [
    'ok 1 - a\nnot ok 2 - b\n  ---\n  found: 1\n  wanted: 2\n  ...\n1..2\n',
    { passed: 1, failed: ['b'], assertions: [{ title: 'b', details: { found: 1, wanted: 2 } }] },
  ],
  'a failure deep inside': [
    '# Subtest: x\n    # Subtest: y\n        not ok 1 - deep\n        1..1\n    not ok 1 - y\n    1..1\nnot ok 1 - x\n1..1\n',
    { failed: ['x'], assertions: ['x > y > deep', 'x > y', 'x'].map((title) => ({ title, details: null })) },
  ],
  'an indented subtest counts once': [
    '# Subtest: x\n    ok 1 - a\n    ok 2 - b\n    1..2\nok 1 - x\n1..1\n',
    { passed: 1 },
  ],
  'a buffered subtest counts once': ['ok 1 - x {\n    ok 1 - a\n    ok 2 - b\n    1..2\n}\n1..1\n', { passed: 1 }],
  'a buffered subtest that fails': [
    'not ok 1 - x {\n    not ok 1 - a\n    1..1\n}\n1..1\n',
    { failed: ['x'], assertions: ['x > a', 'x'].map((title) => ({ title, details: null })) },
  ],
  'a skip with and without a reason': [
    'ok 1 - a # SKIP no browser\nok 2 - b # skip\nok 3 - c\n1..3\n',
    {
      passed: 1,
      skipped: [
        { title: 'a', reason: 'no browser' },
        { title: 'b', reason: '' },
      ],
    },
  ],
  'a skip inside a test that passes': [
    '# Subtest: x\n    ok 1 - a # SKIP no sound\n    1..1\nok 1 - x\n1..1\n',
    { passed: 1, skipped: [{ title: 'x > a', reason: 'no sound' }] },
  ],
  'a todo test has not passed': [
    'not ok 1 - a # TODO next year\nok 2 - b # TODO\n1..2\n',
    {
      skipped: [
        { title: 'a', reason: 'TODO: next year' },
        { title: 'b', reason: 'TODO' },
      ],
    },
  ],
  'a name with a number sign': ['ok 1 - room \\# 1 # time=3ms\n1..1\n', { passed: 1 }],
  'a test without a name that fails': [
    'not ok 1\n1..1\n',
    { failed: ['a test without a name'], assertions: [{ title: 'a test without a name', details: null }] },
  ],
  'a file that is skipped': [
    '1..0 # SKIP no display\n',
    { skipped: [{ title: 'the whole file', reason: 'no display' }] },
  ],
  'a file without tests': ['1..0\n', { problem: 'has no tests' }],
  'a file whose tests tap did not find': ['1..0 # no tests found\n', { problem: 'has no tests' }],
  'a file that prints nothing': ['', { problem: 'has no tests' }],
  'a bail out': ['ok 1 - a\nBail out! no disk\n', { passed: 1, problem: 'bailed out: no disk' }],
  'a bail out of a subtest': [
    '# Subtest: x\n    ok 1 - a\n    Bail out! no disk\nBail out! no disk\n',
    { problem: 'bailed out: no disk' },
  ],
  'an end before the plan': ['ok 1 - a\n', { passed: 1, problem: 'not complete: no plan' }],
  'an end before all tests': ['1..3\nok 1 - a\n', { passed: 1, problem: 'not complete: incorrect number of tests' }],
  'a test after the plan': [
    'ok 1 - a\n1..1\nnot ok 2 - b\n',
    { passed: 1, problem: 'a test after the plan: not ok 2 - b' },
  ],
  'a test beyond the plan': [
    '1..1\nok 1 - a\nok 2 - b\n',
    { passed: 2, problem: 'not complete: id greater than plan end' },
  ],
  'the same test twice': [
    'ok 1 - a\nok 1 - b\n1..2\n',
    { passed: 2, problem: 'not complete: test point id 1 appears multiple times' },
  ],
  'what a test says and prints': [
    'room\n# seed 7\nok 1 - a # time=3ms\n1..1\n# time=20ms\n',
    { passed: 1, comments: ['room', '# seed 7'] },
  ],
};

for (const [name, [tap, expected]] of Object.entries(CASES)) {
  test(name, async (t) => {
    const text = `TAP version 14\n${tap}`;
    // In pieces, as from a pipe.
    for (const size of [text.length, 7, 1]) {
      const results = new TapResults();
      for (let at = 0; at < text.length; at += size) results.write(text.slice(at, at + size));
      t.same(results.end(), { ...NOTHING, ...expected });
    }
  });
}
