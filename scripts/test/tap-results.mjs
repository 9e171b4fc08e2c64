import { lineType, Parser } from 'tap-parser';

/**
 * Reads the TAP output of one test file. It counts the tests at the top level. Skipped tests and todos count at every
 * level, because somebody has to see them. Text goes into `write`; `end` returns the results.
 */
export class TapResults {
  #parser;
  #tests = 0;
  #passed = 0;
  #failed = [];
  #skipped = [];
  #assertions = [];
  #comments = [];
  #bailout = null;
  #stray = null;
  #isComplete = false;

  constructor(parser = new Parser()) {
    this.#parser = parser;
    this.#listen(parser, []);
    parser.on('plan', ({ end }) => {
      this.#isComplete = this.#tests > 0 && this.#tests === end;
    });
  }

  write(text) {
    this.#parser.write(text);
  }

  /** True once the plan has come after the tests that it counts. */
  get isComplete() {
    return this.#isComplete;
  }

  end() {
    this.#parser.end();
    return this.results;
  }

  get results() {
    return {
      passed: this.#passed,
      failed: this.#failed,
      skipped: this.#skipped,
      assertions: this.#assertions,
      comments: this.#comments,
      problem: this.#problem(),
    };
  }

  #listen(parser, path) {
    parser.on('child', (child) => this.#listen(child, [...path, child.name]));
    parser.on('assert', (result) => this.#add(result, path));
    parser.on('comment', (text) => {
      // tap and its parser also write comments, about their own counting.
      if (!/^# (Subtest|time=|\{ total:|test count\(|failed \d)/.test(text)) this.#comments.push(text.trim());
    });
    parser.on('extra', (text) => {
      // The parser treats tests after the plan as text. All other text is what a test prints itself.
      if (lineType(text)?.[0] === 'testPoint') this.#stray ??= text.trim();
      else this.#comments.push(text.trimEnd());
    });
    parser.on('bailout', (reason) => {
      this.#bailout = `bailed out: ${reason || 'without a reason'}`;
    });
  }

  #add({ ok, name, skip, todo, diag }, path) {
    const isTest = path.length === 0;
    const title = [...path, name].filter((part) => part !== '').join(' > ') || 'a test without a name';
    if (isTest) this.#tests++;
    if (skip || todo) {
      const reason = typeof (skip || todo) === 'string' ? skip || todo : '';
      this.#skipped.push({ title, reason: skip ? reason : `TODO${reason === '' ? '' : `: ${reason}`}` });
    } else if (ok) {
      if (isTest) this.#passed++;
    } else {
      if (isTest) this.#failed.push(title);
      this.#assertions.push({ title, details: diag ?? null });
    }
  }

  /** What is wrong with the stream as a whole; null if nothing is wrong. */
  #problem() {
    const { results } = this.#parser;
    if (this.#bailout !== null) return this.#bailout;
    const error = results?.failures.find(({ tapError }) => tapError);
    if (this.#stray !== null) return `a test after the plan: ${this.#stray}`;
    if (error !== undefined) return `not complete: ${error.tapError}`;
    if (this.#tests > 0) return null;
    const { skipAll, skipReason } = results?.plan ?? {};
    if (!skipAll || !skipReason || skipReason === 'no tests found') return 'has no tests';
    this.#skipped.push({ title: 'the whole file', reason: skipReason.replace(/^SKIP\s*/i, '') });
    return null;
  }
}

/**
 * Reads the TAP output of a process that runs several test files, each of which is a test at the top level. Text goes
 * into `write`; `end` returns the results of the files that have ended, by their names.
 */
export class GroupResults {
  #parser = new Parser();
  #files = new Map();
  #ended = new Map();
  #isComplete = false;

  constructor() {
    this.#parser.on('child', (child) => this.#files.set(child.name, new TapResults(child)));
    this.#parser.on('assert', ({ name, time }) => {
      const file = this.#files.get(name);
      if (file !== undefined) this.#ended.set(name, { ...file.results, tookMs: time ?? 0 });
    });
    this.#parser.on('plan', ({ end }) => {
      this.#isComplete = this.#ended.size > 0 && this.#ended.size === end;
    });
  }

  /** True once the plan has come after the files that it counts. */
  get isComplete() {
    return this.#isComplete;
  }

  write(text) {
    this.#parser.write(text);
  }

  end() {
    this.#parser.end();
    return this.#ended;
  }
}
