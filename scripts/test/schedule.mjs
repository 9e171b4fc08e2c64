/** They have browsers, executables and other programs beside them: few at a time, and first, because they take longest. */
const HEAVY = ['test/e2e/', 'test/binary/', 'test/interop/'];
/** They mostly wait. */
const LONG = ['test/server/', 'test/deploy/', 'test/fuzz/', 'test/bench/', 'test/media/'];

/** Whether the file is left out of a quick run: it needs other programs or is about a whole server. */
export function isSlow(file) {
  return [...HEAVY, 'test/server/', 'test/deploy/'].some((folder) => file.startsWith(folder));
}

/**
 * Runs all files, `jobs` at a time and of them at most `heavyJobs` that keep a core busy by themselves. Resolves when the
 * last one has.
 */
export async function runAll(files, { jobs, heavyJobs }, run) {
  const rank = (file) => (startsWithOneOf(file, HEAVY) ? 0 : startsWithOneOf(file, LONG) ? 1 : 2);
  const waiting = [...files].sort((a, b) => rank(a) - rank(b));
  let heavy = 0;
  const next = () => {
    const index = waiting.findIndex((file) => heavy < heavyJobs || rank(file) > 0);
    return index < 0 ? undefined : waiting.splice(index, 1)[0];
  };
  const work = async () => {
    for (let file = next(); file !== undefined; file = next()) {
      const isHeavy = rank(file) === 0;
      if (isHeavy) heavy++;
      await run(file);
      if (isHeavy) heavy--;
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
}

function startsWithOneOf(file, folders) {
  return folders.some((folder) => file.startsWith(folder));
}
