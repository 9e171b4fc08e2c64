/**
 * Tests that need the machine to themselves: browsers, the executable, other programs, and conversations in which every
 * packet counts. They run one at a time, after all others have ended.
 */
const ALONE = [
  'test/e2e/',
  'test/interop/',
  'test/binary/',
  'test/deploy/',
  'test/server/',
  'test/main/capture.test.ts',
];
/** Tests of whole servers in which nobody talks. They may run beside others. */
const TOGETHER = [
  'test/server/tls/',
  'test/admin/api/api.test.ts',
  'test/admin/api/docs.test.ts',
  'test/admin/webhooks/webhooks.test.ts',
  'test/main/check.test.ts',
  ...[
    'first-bytes',
    'log-injection',
    'options',
    'parts',
    'secrets',
    'server',
    'shared-port',
    'start-advice',
    'start-error',
  ].map((name) => `test/server/${name}.test.ts`),
];
/** The slowest of all other tests. */
const LONG = ['test/fuzz/', 'test/bench/', 'test/media/', 'test/mixer/', ...TOGETHER];

/** Whether a quick run leaves the file out, because it needs other programs or tests a whole server. */
export function isSlow(file) {
  return startsWithOneOf(file, [...ALONE, ...TOGETHER]);
}

/**
 * Runs `first`, then the other files, `jobs` at a time, and finally the files that need the machine to themselves.
 * Resolves when the last one has ended.
 */
export async function runAll(files, { jobs, first = [] }, run) {
  const rank = (file) => (startsWithOneOf(file, LONG) ? 0 : 1);
  const together = files.filter((file) => !runsAlone(file)).sort((a, b) => rank(a) - rank(b));
  const tasks = [...first, ...together.map((file) => () => run(file))];
  const work = async () => {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) await task();
  };
  await Promise.all(Array.from({ length: jobs }, work));
  for (const file of files.filter(runsAlone)) await run(file);
}

function runsAlone(file) {
  return startsWithOneOf(file, ALONE) && !startsWithOneOf(file, TOGETHER);
}

function startsWithOneOf(file, beginnings) {
  return beginnings.some((beginning) => file.startsWith(beginning));
}
