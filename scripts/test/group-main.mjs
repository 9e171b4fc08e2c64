// Runs several test files in one process, one after the other:
//
//   node group-main.mjs FIRST TAP [NAME FILE]…
//
// FIRST is a module that is loaded before everything else, or empty. TAP and FILE are compiled. Each file is a test with
// its name.
import { pathToFileURL } from 'node:url';
import { beginGroup, endGroup } from './group.mjs';

const [first, tapFile, ...args] = process.argv.slice(2);
if (first !== '') await import(pathToFileURL(first));
// tap names its directories after all arguments.
process.argv.splice(2);
beginGroup();
const { default: root, startFile } = await import(pathToFileURL(tapFile));
// Tests inherit the time of the test around them.
const { timeout } = root.options;
root.setTimeout((timeout * args.length) / 2);
for (let i = 0; i < args.length; i += 2) {
  await root.test(args[i], { timeout }, async (t) => {
    startFile(t);
    await import(pathToFileURL(args[i + 1]));
  });
}
await endGroup();
