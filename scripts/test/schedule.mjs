/** Other stacks. */
const WITH_STACKS = ['aiortc', 'gstreamer', 'libdatachannel', 'werift'].map((name) => `test/interop/${name}.test.ts`);
/** Tests with real browsers or other stacks. */
const WITH_CLIENTS = ['test/e2e/', 'test/interop/'];
/** Tests of whole servers in the folders of their parts. */
const WHOLE_SERVERS = [
  'test/admin/api/api.test.ts',
  'test/admin/api/docs.test.ts',
  'test/admin/control/control-endpoint.test.ts',
  'test/admin/webhooks/webhooks.test.ts',
  'test/bench/client.test.ts',
  'test/bench/janus/process.test.ts',
  'test/cluster/redis-engine.test.ts',
  'test/examples/bots.test.ts',
  'test/examples/web-game.test.ts',
  'test/fuzz/replay-api.test.ts',
  'test/gateways/websocket/control.test.ts',
  'test/main/capture.test.ts',
  'test/main/check-https.test.ts',
  'test/main/check.test.ts',
];
/** Tests with another server of Mumble. */
const WITH_MUMBLE = ['coupling', 'limits', 'recording-notices', 'server-client'].map(
  (name) => `test/gateways/mumble-upstream/${name}.test.ts`,
);
/** Tests that install a package and run compilers on it. */
const INSTALLS = ['test/web/sdk-package.test.ts'];
/** Tests in which other programs play minutes of sound. */
const PLAYS = ['test/recording/simulation.test.ts'];
/** What a quick run leaves out. */
const SLOW = [
  ...WITH_CLIENTS,
  'test/binary/',
  'test/deploy/',
  'test/server/',
  ...WHOLE_SERVERS,
  ...WITH_MUMBLE,
  ...INSTALLS,
  ...PLAYS,
];
/** The slowest of all other tests come first, so that in the end nothing waits for one of them alone. */
const LONG = [
  'test/binary/',
  'test/fuzz/',
  'test/bench/',
  'test/server/',
  ...WITH_STACKS,
  ...WHOLE_SERVERS,
  ...WITH_MUMBLE,
  ...INSTALLS,
  ...PLAYS,
  'test/media/',
  'test/mixer/',
  'test/deploy/',
];

/**
 * Browser tests that leave their network as they found it. Those of a group run in one process and share its browsers,
 * which take seconds to start.
 */
const BROWSER_GROUPS = [
  ['access', 'admin', 'admin-recordings', 'capture', 'channels', 'chat'],
  ['crowd', 'embedding', 'loss', 'many-rooms', 'moving', 'mumble-link'],
  ['page', 'room', 'sdk', 'sound-board', 'states', 'volume', 'web-game'],
  // With Firefox.
  ['browsers', 'clicks', 'listen', 'policy', 'sharing', 'speaker-choice', 'tcp', 'turn'],
].map((names) => names.map((name) => `test/e2e/${name}.test.ts`));

/** Tests that measure their own process, or end others. */
const NEED_PROCESS = [
  'test/bench/janus/process.test.ts',
  'test/fuzz/',
  'test/helpers/cpu-time.test.ts',
  'test/lib/thread-load.test.ts',
  'test/scripts/',
];
/** Of long files and of others. More would run on while other jobs have nothing left to do. */
const GROUP_FILES = { long: 32, short: 40 };

/** Whether a quick run leaves the file out, because it needs other programs or tests a whole server. */
export function isSlow(file) {
  return startsWithOneOf(file, SLOW);
}

/** Whether the file shares its private network and its browsers with others. */
export function sharesBrowsers(file) {
  return BROWSER_GROUPS.flat().includes(file);
}

/**
 * Arranges files in groups that may run in one process. Most tests take less time than a process takes to start. Files
 * that need a process of their own are groups of one.
 */
export function groupsOf(files) {
  const groups = BROWSER_GROUPS.map((group) => group.filter((file) => files.includes(file))).filter(
    ({ length }) => length > 0,
  );
  const others = files.filter((file) => !sharesBrowsers(file));
  let open = [];
  for (const file of others.sort((a, b) => rank(a) - rank(b))) {
    if (isSlow(file) || startsWithOneOf(file, NEED_PROCESS)) {
      groups.push([file]);
      continue;
    }
    if (open.length === 0) groups.push(open);
    open.push(file);
    if (open.length >= (rank(file) < LONG.length ? GROUP_FILES.long : GROUP_FILES.short)) open = [];
  }
  return groups;
}

/** Whether the file has real browsers, which take about one CPU. */
function hasBrowsers(file) {
  return startsWithOneOf(file, WITH_CLIENTS) && !WITH_STACKS.includes(file);
}

/**
 * Runs `first` and then all files, `jobs` at a time. At any time at most one of them has browsers: from the beginning
 * these run one after the other. Resolves when the last one has ended.
 */
export async function runAll(files, { jobs, first = [] }, run) {
  const withBrowsers = files.filter(hasBrowsers);
  const others = files.filter((file) => !hasBrowsers(file)).sort((a, b) => rank(a) - rank(b));
  const work = async (queue) => {
    for (let task = queue.shift(); task !== undefined; task = queue.shift()) await task();
  };
  const browserTasks = withBrowsers.map((file) => () => run(file));
  const otherTasks = [...first, ...others.map((file) => () => run(file))];
  const browsers = work(browserTasks).then(() => work(otherTasks));
  await Promise.all([browsers, ...Array.from({ length: jobs - 1 }, () => work(otherTasks))]);
}

/** The place of a file among the others: those in the first folders of `LONG` come first. */
function rank(file) {
  const place = LONG.findIndex((beginning) => file.startsWith(beginning));
  return place < 0 ? LONG.length : place;
}

function startsWithOneOf(file, beginnings) {
  return beginnings.some((beginning) => file.startsWith(beginning));
}
