/**
 * Of each kind one file runs at a time. Two browsers, or two conversations whose every packet counts, would be each other's
 * noise; beside one of them there may be anything else. In the order in which they begin: those that take longest first.
 */
const KINDS = {
  browsers: ['test/e2e/', 'test/interop/', 'test/binary/'],
  servers: ['test/server/', 'test/deploy/'],
};
/** Nobody talks there. */
const NO_CONVERSATION = ['test/server/tls/'];
/** Of all others these take longest. */
const LONG = ['test/fuzz/', 'test/bench/', 'test/media/', 'test/mixer/', ...NO_CONVERSATION];

/** Whether the file is left out of a quick run: it needs other programs or is about a whole server. */
export function isSlow(file) {
  return Object.values(KINDS).some((folders) => startsWithOneOf(file, folders));
}

/** Runs what is `first`, then all files, `jobs` at a time. Resolves when the last one has ended. */
export async function runAll(files, { jobs, first = [] }, run) {
  const tasks = [...first];
  const waiting = [...files].sort((a, b) => rank(a) - rank(b));
  const running = new Set();
  const work = async () => {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) await task();
    for (;;) {
      const next = waiting.findIndex((file) => !running.has(kindOf(file)));
      if (next < 0) return;
      const [file] = waiting.splice(next, 1);
      const kind = kindOf(file);
      if (kind !== undefined) running.add(kind);
      await run(file);
      running.delete(kind);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
}

function kindOf(file) {
  if (startsWithOneOf(file, NO_CONVERSATION)) return undefined;
  return Object.keys(KINDS).find((kind) => startsWithOneOf(file, KINDS[kind]));
}

function rank(file) {
  const kinds = Object.keys(KINDS);
  const kind = kindOf(file);
  if (kind !== undefined) return kinds.indexOf(kind);
  return kinds.length + (startsWithOneOf(file, LONG) ? 0 : 1);
}

function startsWithOneOf(file, folders) {
  return folders.some((folder) => file.startsWith(folder));
}
