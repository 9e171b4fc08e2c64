/**
 * They need the machine for themselves: browsers, the executable, and conversations whose every packet counts. They run one after the other
 * when all others have ended.
 */
const ALONE = ['test/e2e/', 'test/binary/', 'test/interop/', 'test/deploy/', 'test/server/'];
/** Of these folders: nobody talks there. */
const TOGETHER = ['test/server/tls/'];
/** They take longest, and begin first. */
const LONG = ['test/server/', 'test/fuzz/', 'test/bench/', 'test/media/'];

/** Whether the file is left out of a quick run: it needs other programs or is about a whole server. */
export function isSlow(file) {
  return [...ALONE, ...TOGETHER].some((folder) => file.startsWith(folder));
}

/** Runs all files, `jobs` at a time, and at the end those that need the machine for themselves. Resolves when the last one has ended. */
export async function runAll(files, { jobs }, run) {
  const rank = (file) => (startsWithOneOf(file, LONG) ? 0 : 1);
  const waiting = files.filter((file) => !runsAlone(file)).sort((a, b) => rank(a) - rank(b));
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) await run(file);
  };
  await Promise.all(Array.from({ length: jobs }, work));
  for (const file of files.filter(runsAlone)) await run(file);
}

function runsAlone(file) {
  return startsWithOneOf(file, ALONE) && !startsWithOneOf(file, TOGETHER);
}

function startsWithOneOf(file, folders) {
  return folders.some((folder) => file.startsWith(folder));
}
