import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { Fuzzer } from './fuzzer.ts';
import { targets } from './targets.ts';

const CRASHES = fileURLToPath(new URL('../fixtures/crashes', import.meta.url));
const SEED = 20_261_121;
const EXECUTIONS = 3000;
/** The handshakes of DTLS, and HTTP. */
const SLOW = 30;
const SLOW_TARGETS = ['dtls', 'http', 'api'];

test('every input that ever broke something does so no more', async (t) => {
  const names = readdirSync(CRASHES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of names) {
    const target = targets.find((candidate) => candidate.name === name);
    if (target === undefined) throw new Error(`there is no target ${name}`);
    t.teardown(() => target.close?.());
    for (const file of readdirSync(join(CRASHES, name))) {
      const input = Uint8Array.from(readFileSync(join(CRASHES, name, file)));
      await t.resolves(
        Promise.resolve().then(() => target.run(input)),
        `${name}/${file}`,
      );
    }
  }
});

for (const target of targets) {
  test(`new inputs break nothing: ${target.name}`, async (t) => {
    t.teardown(() => target.close?.());
    const failures: string[] = [];
    const fuzzer = new Fuzzer({
      target: { ...target, maxMs: 1000 },
      seed: SEED,
      onFailure: (input, error) => failures.push(`seed ${SEED}: ${Buffer.from(input).toString('hex')}: ${error}`),
    });
    await fuzzer.addSeeds();
    await fuzzer.run(SLOW_TARGETS.includes(target.name) ? SLOW : EXECUTIONS);
    t.same(failures, []);
    t.ok(fuzzer.executions > SLOW);
  });
}
