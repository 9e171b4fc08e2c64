import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { cases } from '../helpers/cases.ts';
import { Fuzzer } from './fuzzer.ts';
import type { FuzzTarget } from './target.ts';

/** Inputs that once broke something, in a folder for each target. */
export const CRASHES = fileURLToPath(new URL('../fixtures/crashes', import.meta.url));
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

/** Tests with the inputs that once broke this target, and with new ones, the same each time. */
export function testTarget(target: FuzzTarget): void {
  const folder = join(CRASHES, target.name);
  if (existsSync(folder)) {
    test(`inputs that once broke something no longer do: ${target.name}`, async (t) => {
      t.teardown(() => target.close?.());
      for (const file of readdirSync(folder)) {
        const input = Uint8Array.from(readFileSync(join(folder, file)));
        await t.resolves(
          Promise.resolve().then(() => target.run(input)),
          file,
        );
      }
    });
  }

  test(`new inputs break nothing: ${target.name}`, async (t) => {
    t.teardown(() => target.close?.());
    const failures: string[] = [];
    const fuzzer = new Fuzzer({
      target: { ...target, maxMs: 1000 },
      seed: SEED,
      onFailure: (input, error) => failures.push(`seed ${SEED}: ${Buffer.from(input).toString('hex')}: ${error}`),
    });
    await fuzzer.addSeeds();
    const count = cases(FEWER[target.name] ?? EXECUTIONS);
    await fuzzer.run(count);
    t.same(failures, []);
    t.ok(fuzzer.executions > count);
  });
}
