/** Tracks which parts of the source files ran, using V8's own counters. */
import { type Profiler, Session } from 'node:inspector';

interface Module {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

export class Coverage {
  readonly #session = new Session();
  readonly #scriptUrl: string;
  readonly #modules: readonly Module[];
  readonly #seen: Uint8Array;

  /**
   * `script` is the text of an esbuild bundle, in which each module begins with a comment that names its file.
   * `scriptUrl` is the URL it is imported under afterwards.
   */
  constructor(script: string, scriptUrl: string) {
    this.#scriptUrl = scriptUrl;
    this.#modules = modulesOf(script);
    this.#seen = new Uint8Array(script.length);
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /**
   * Whether any code in these files ran for the first time since the last call. With `keep`, it counts as known from
   * now on.
   */
  take(files: readonly string[], keep: boolean): boolean {
    const functions = this.#functions();
    const ran = new Uint8Array(this.#seen.length);
    // Inner ranges come after the outer ones that contain them.
    for (const { ranges } of functions) {
      for (const { startOffset, endOffset, count } of ranges) ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
    }
    let isNew = false;
    for (const { start, end } of this.#modulesOf(files)) {
      for (let at = start; at < end; at++) {
        if (ran[at] === 0 || this.#seen[at] === 1) continue;
        isNew = true;
        if (!keep) return true;
        this.#seen[at] = 1;
      }
    }
    return isNew;
  }

  /** The share of these files' text that ran, 0 to 1. */
  share(files: readonly string[]): number {
    let total = 0;
    let seen = 0;
    for (const { start, end } of this.#modulesOf(files)) {
      total += end - start;
      for (let at = start; at < end; at++) seen += this.#seen[at]!;
    }
    return total === 0 ? Number.NaN : seen / total;
  }

  close(): void {
    this.#session.post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }

  #modulesOf(files: readonly string[]): Module[] {
    return this.#modules.filter(({ file }) => files.includes(file));
  }

  #functions(): Profiler.FunctionCoverage[] {
    let functions: Profiler.FunctionCoverage[] = [];
    this.#session.post('Profiler.takePreciseCoverage', (_error, taken) => {
      functions = taken.result.find(({ url }) => url === this.#scriptUrl)?.functions ?? [];
    });
    return functions;
  }
}

function modulesOf(script: string): Module[] {
  const marks = [...script.matchAll(/^\/\/ ((?:src|test)\/\S+\.ts)$/gm)];
  return marks.map((mark, index) => ({
    file: mark[1]!,
    start: mark.index,
    end: marks[index + 1]?.index ?? script.length,
  }));
}
