/** Runs one target over many inputs. */
import { createPrng, type Prng } from '../helpers/prng.ts';
import type { Coverage } from './coverage.ts';
import { createMutator, type Mutator } from './mutate.ts';
import { BrokenRule, type FuzzTarget } from './target.ts';

const DEFAULT_MAX_MS = 5;
/** An input's time is the minimum over this many runs, because the machine does other things too. */
const TIMING_REPEATS = 5;
const BATCH = 256;
const MAX_CORPUS = 2000;

export interface FuzzerOptions {
  readonly target: FuzzTarget;
  readonly seed: number;
  /** Called with every input just before it runs. */
  readonly onInput?: (input: Uint8Array) => void;
  readonly onFailure: (input: Uint8Array, error: unknown, execution: number) => void;
}

export class Fuzzer {
  readonly corpus: Uint8Array[] = [];
  executions = 0;
  readonly #target: FuzzTarget;
  readonly #mutate: Mutator;
  readonly #prng: Prng;
  readonly #onInput: (input: Uint8Array) => void;
  readonly #onFailure: FuzzerOptions['onFailure'];
  readonly #maxMs: number;

  constructor({ target, seed, onInput = () => {}, onFailure }: FuzzerOptions) {
    this.#target = target;
    this.#mutate = createMutator(target);
    this.#prng = createPrng(seed ^ hashOf(target.name));
    this.#onInput = onInput;
    this.#onFailure = onFailure;
    this.#maxMs = target.maxMs ?? DEFAULT_MAX_MS;
  }

  /** The valid inputs, which must satisfy every rule themselves. */
  async addSeeds(): Promise<void> {
    for (const seed of await this.#target.seeds()) {
      this.corpus.push(seed);
      await this.execute(seed);
    }
  }

  /** Runs this many new inputs. */
  async run(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const later = this.execute(this.#next());
      // Awaiting a value that is not a promise would cost more than most targets do.
      if (later !== undefined) await later;
    }
  }

  /** Runs a batch of new inputs and keeps those that reach something new. */
  async runGuided(coverage: Coverage): Promise<void> {
    const inputs = Array.from({ length: BATCH }, () => this.#next());
    for (const input of inputs) await this.execute(input);
    const { files } = this.#target;
    if (!coverage.take(files, false)) return;
    await this.#keepNew(inputs, coverage);
    // A failure that does not show again depends on more than the input.
    coverage.take(files, true);
  }

  /** Runs one input. A failure is reported, not thrown. Returns a promise only if the target does. */
  execute(input: Uint8Array): void | Promise<void> {
    this.executions++;
    this.#onInput(input);
    const startMs = performance.now();
    try {
      const later = this.#target.run(input);
      if (later !== undefined) {
        return later.then(
          () => this.#ended(input, startMs),
          (error) => this.#onFailure(input, error, this.executions),
        );
      }
    } catch (error) {
      this.#onFailure(input, error, this.executions);
      return undefined;
    }
    return this.#ended(input, startMs);
  }

  #next(): Uint8Array {
    return this.#mutate(this.#prng, this.corpus);
  }

  #ended(input: Uint8Array, startMs: number): void | Promise<void> {
    if (performance.now() - startMs <= this.#maxMs) return undefined;
    return this.#judgeTime(input);
  }

  async #judgeTime(input: Uint8Array): Promise<void> {
    let leastMs = Number.POSITIVE_INFINITY;
    for (let i = 0; i < TIMING_REPEATS; i++) {
      const startMs = performance.now();
      const startCpu = process.cpuUsage();
      await this.#target.run(input);
      // Wall time includes waiting for a CPU, and CPU time of the process includes other threads.
      const { user, system } = process.cpuUsage(startCpu);
      leastMs = Math.min(leastMs, performance.now() - startMs, (user + system) / 1000);
    }
    if (leastMs <= this.#maxMs) return;
    const rule = `an input takes at most ${this.#maxMs} ms (${leastMs.toFixed(1)} ms for ${input.length} bytes)`;
    this.#onFailure(input, new BrokenRule(rule), this.executions);
  }

  /** Finds the inputs of a batch that reach something new, by bisection. */
  async #keepNew(inputs: readonly Uint8Array[], coverage: Coverage): Promise<void> {
    const { files } = this.#target;
    for (const input of inputs) await this.execute(input);
    if (!coverage.take(files, inputs.length === 1)) return;
    if (inputs.length === 1) {
      if (this.corpus.length < MAX_CORPUS) this.corpus.push(inputs[0]!);
      return;
    }
    const middle = inputs.length >> 1;
    await this.#keepNew(inputs.slice(0, middle), coverage);
    await this.#keepNew(inputs.slice(middle), coverage);
  }
}

/** Each target gets its own sequence from one seed (FNV-1a). */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
