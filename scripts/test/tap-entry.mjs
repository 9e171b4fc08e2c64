// What a test imports as tap. In a process that runs several files (`group-main.mjs`), the tests of each file belong to
// the test that stands for this file.
import root from 'tap';

export * from 'tap';
export default root;

let file = root;

export const test = (...args) => file.test(...args);

/** From now on, tests belong to this one. */
export function startFile(t) {
  file = t;
}
