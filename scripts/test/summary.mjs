/** Sums up the results of all files. `mustBeComplete`: a test that did not run counts as a failure. */
export class Summary {
  #failures = [];
  #skips = [];
  #passed = 0;

  add(file, { passed, failed, skipped, problem }) {
    this.#passed += passed;
    for (const title of failed) this.#failures.push(`${file}: ${title}`);
    if (problem !== null) this.#failures.push(`${file}: ${problem}`);
    for (const { title, reason } of skipped) this.#skips.push(`${file}: ${title}${reason === '' ? '' : `: ${reason}`}`);
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
