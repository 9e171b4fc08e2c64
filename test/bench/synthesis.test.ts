import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'tap';
import { outputOf } from '../helpers/speech.ts';

test('a synthesizer that hangs is killed, and the error says so', async (t) => {
  await t.rejects(outputOf('sleep', ['30'], 100), { message: 'sleep did not end within 100 ms, twice' });
});

test('a synthesizer that hangs once is tried again', async (t) => {
  const mark = join(t.testdir(), 'ran');
  const script = `if [ -e "$0" ]; then echo spoken; else : > "$0"; exec sleep 30; fi`;
  t.equal(String(await outputOf('sh', ['-c', script, mark], 1000)), 'spoken\n');
});

test('a synthesizer that is missing or fails is not tried again', async (t) => {
  await t.rejects(outputOf('no-such-synthesizer', []), { message: /not installed/ });
  const count = join(t.testdir({ count: '' }), 'count');
  await writeFile(count, '');
  await t.rejects(outputOf('sh', ['-c', 'echo x >> "$0"; exit 3', count]), { code: 3 });
  t.equal(String(await outputOf('cat', [count])), 'x\n');
});
