import { failureLines } from './failures.mjs';

/** Sums up the results of all files. `mustBeComplete`: a test that did not run counts as a failure. */
export class Summary {
  #failures = [];
  #details = [];
  #skips = [];
  #passed = 0;

  add(file, { passed, failed, skipped, assertions, problem }) {
    this.#passed += passed;
    for (const title of failed) this.#failures.push(`${file}: ${title}`);
    if (problem !== null) this.#failures.push(`${file}: ${problem}`);
    if (failed.length > 0 || problem !== null)
      this.#details.push(`NOT OK ${file}`, ...failureLines({ assertions, problem }));
    for (const { title, reason } of skipped) this.#skips.push(`${file}: ${title}${reason === '' ? '' : `: ${reason}`}`);
  }

  /** What went wrong in each file, again: whoever reads a long log begins at its end. */
  get failures() {
    return this.#details;
  }

  /** The last line has the totals. */
  get lines() {
    const skipped = this.#skips.length > 0 ? `, ${this.#skips.length} skipped` : '';
    return [
      ...this.#failures.map((text) => `FAILED ${text}`),
      ...this.#skips.map((text) => `SKIPPED ${text}`),
      '',
      `${this.#passed} passed, ${this.#failures.length} failed${skipped}`,
    ];
  }

  exitCode({ mustBeComplete }) {
    return this.#failures.length > 0 || (mustBeComplete && this.#skips.length > 0) ? 1 : 0;
  }
}
