// Runs several test files in one process, one after the other:
//
//   node group-main.mjs TAP [NAME FILE]…
//
// TAP and FILE are compiled. Each file is a test with its name.
import { pathToFileURL } from 'node:url';

// tap names its directories after all arguments.
const [tapFile, ...args] = process.argv.splice(2);
const { default: root, startFile } = await import(pathToFileURL(tapFile));
for (let i = 0; i < args.length; i += 2) {
  await root.test(args[i], async (t) => {
    startFile(t);
    await import(pathToFileURL(args[i + 1]));
  });
}
