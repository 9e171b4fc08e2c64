import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { Fuzzer } from './fuzzer.ts';
import { targets } from './targets.ts';

const CRASHES = fileURLToPath(new URL('../fixtures/crashes', import.meta.url));
const SEED = 20_261_121;
const EXECUTIONS = 1000;
/**
 * For costly inputs: as many as reach the code that 1000 reach, and few of whole handshakes, HTTP requests and API calls.
 */
const FEWER: Readonly<Record<string, number>> = {
  voice: 500,
  opus: 500,
  srtp: 300,
  transport: 750,
  sdp: 750,
  token: 300,
  config: 500,
  dtls: 30,
  http: 30,
  api: 15,
};
const LEAST = 15;

test('inputs that once broke something no longer do', async (t) => {
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
    await fuzzer.run(FEWER[target.name] ?? EXECUTIONS);
    t.same(failures, []);
    t.ok(fuzzer.executions > LEAST);
  });
}
