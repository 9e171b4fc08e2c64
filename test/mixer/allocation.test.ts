import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'tap';
import { compiledPath } from '../../scripts/test/compile.mjs';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROBE = compiledPath(ROOT, join(ROOT, '.tap/compiled'), 'test/helpers/allocation-probe.ts');

for (const [parts, channels] of [
  [1, ''],
  [2, ''],
  [1, 'channels'],
  [2, 'channels'],
] as const) {
  const where = `${parts === 1 ? '' : ' in a room of two parts'}${channels === '' ? '' : ' with channels'}`;
  test(`a steady tick of fifty people with three talkers${where} creates next to no garbage`, async (t) => {
    // The young generation is large enough that nothing is collected between the two heap readings.
    const heap = ['--expose-gc', '--max-semi-space-size=256', '--min-semi-space-size=256'];
    // V8 compiles on the same thread, after the same number of calls, so how busy the machine is makes no difference.
    const flags = [...heap, '--single-threaded', '--no-lazy-feedback-allocation'];
    const { stdout } = await run(process.execPath, [...flags, PROBE, String(parts), channels]);
    t.comment(stdout);
    const { takenPerTick, externalPerTick, kept, packets } = JSON.parse(stdout);
    t.ok(packets > 50 * 4900, 'everybody got packets');
    // 100 packets pass through in a tick, so this is less than a number for each of them.
    t.ok(takenPerTick < 1500, `${Math.round(takenPerTick)} bytes of heap per tick`);
    t.ok(externalPerTick < 1, 'no buffers');
    t.ok(kept < 200_000, `${kept} bytes kept after ${packets} packets`);
  });
}
