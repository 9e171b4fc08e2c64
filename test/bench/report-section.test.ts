import { test } from 'tap';
import { latencyChart } from '../../bench/lib/latency-result.ts';
import { parseResult, type Result, sectionOf } from '../../bench/lib/report-section.ts';
import { STEPS } from '../../bench/lib/steps.ts';

const machine = {
  cpu: 'a processor',
  cores: 2,
  memoryGb: 4,
  system: 'Linux 6 x64',
  node: 'v20.12.0',
  packages: { werift: '0.24.4' },
  date: '2026-01-02T03:04:05.000Z',
  loadBefore: 0.1,
};

const window = {
  packetsPerSecondMean: 50,
  packetsPerSecondMin: 50,
  packetsLost: 0,
  largestGapMs: 30,
  clientPauseMs: 5,
  memoryMbEach: 0.2,
  joinP50Ms: 20,
  clientCpuPercent: 5,
};
const at = (participants: number, each: number) => ({
  participants,
  serverCpuPercent: participants * each,
  serverCpuPercentEach: each,
  ...window,
});
const scaling = {
  benchmark: 'scaling',
  machine,
  rooms: 1,
  talkers: 3,
  workers: [1],
  warmUpSeconds: 60,
  seconds: 20,
  runs: [
    { server: 'Partyline', steps: [at(20, 0.3), at(60, 0.125)] },
    { server: 'Janus 1', steps: [at(20, 1.4), at(60, 1.25)] },
  ],
};
const latency = (jitterMs: number, p50Ms: number) => ({
  benchmark: 'latency',
  machine,
  jitterMs,
  seed: 1,
  runs: [{ server: 'Partyline', trials: 100, missed: 0, p50Ms, p95Ms: 25, maxMs: 40, concealedPercent: 0.1 }],
});
const phase = {
  seconds: 10,
  tickLatenessP50Ms: 0.5,
  tickLatenessP99Ms: 1.9,
  ticksSkipped: 0,
  serverCpuPercent: 10,
  packetsPerSecondMin: 50,
  largestGapMs: 33,
  clientPauseMs: 5,
};
const storm = {
  benchmark: 'storm',
  machine,
  participants: 20,
  talkers: 3,
  joins: 4,
  joinSeconds: 10,
  phases: [
    { phase: 'before', ...phase },
    { phase: 'storm', ...phase },
  ],
  joinMs: [10, 20, 30, 40],
  firstSoundMs: [15, 25, 35, 45],
};

const step = (name: string) => STEPS.find((one) => one.name === name)!;
const read = (result: object, benchmark: string): Result => parseResult(JSON.stringify(result), 'a.json', benchmark);

test('a section has the command, the tables, the machine and the date', async (t) => {
  const { markdown, chart } = sectionOf(step('scaling'), read(scaling, 'scaling'));
  t.match(markdown, /^## CPU for each participant of one room\n/);
  t.match(markdown, /`npm run bench -- scaling --against janus --participants [\d,]+ --repeats 2`/);
  t.match(
    markdown,
    /\| 60 \| 0\.125 \(0\.125 to 0\.125\) \| 1\.250 \(1\.250 to 1\.250\) \| 10\.00 \|/,
    'next to Janus',
  );
  t.match(markdown, /a processor, 2 cores, .* Node v20\.12\.0, werift 0\.24\.4; 2026-01-02/);
  t.match(markdown, '](benchmarks/scaling.svg)');
  t.same(
    chart?.series.map(({ name, points }) => [name, points]),
    [
      [
        'Partyline',
        [
          [20, 0.3],
          [60, 0.125],
        ],
      ],
      [
        'Janus 1',
        [
          [20, 1.4],
          [60, 1.25],
        ],
      ],
    ],
  );
});

test('a single room size has a table and no chart', async (t) => {
  const single = { ...scaling, runs: [{ server: 'Partyline', steps: [at(500, 0.1)] }] };
  const { markdown, chart } = sectionOf(step('five-minutes'), read(single, 'scaling'));
  t.equal(chart, undefined);
  t.notMatch(markdown, 'svg');
  t.match(markdown, /\| Partyline \| 500 \| 0\.100 \|/);
});

test('a storm is described by what the room noticed and how long newcomers waited', async (t) => {
  const { markdown, chart } = sectionOf(step('storm'), read(storm, 'storm'));
  t.match(markdown, /\| storm \| 10\.0 \| 0\.50 \| 1\.90 \|/);
  t.match(markdown, /\| the first packet with sound \| 4 \| 25 \| 45 \| 45 \|/);
  const [handshake] = chart!.series;
  t.same(handshake!.points.at(0), [10, 0]);
  t.same(handshake!.points.at(-1), [40, 100]);
  t.ok(handshake!.points.every(([ms], index, all) => index === 0 || ms >= all[index - 1]![0]));
});

test('positions of a game server have a row for each format', async (t) => {
  const row = (format: string, cpuPercent: number, microsecondsPerBatch: number) => ({
    format,
    cpuPercent,
    microsecondsPerBatch,
    bytesPerBatch: 4808,
    batches: 600,
  });
  const formats = [row('nothing', 0.1, 0), row('binary', 0.3, 100)];
  const control = { benchmark: 'control', machine, players: 300, rateHz: 20, formats };
  const { markdown } = sectionOf(step('control'), read(control, 'control'));
  t.match(markdown, /`npm run bench -- control`/);
  t.match(markdown, '| binary | 4808 | 600 | 0.30 | 100 |');
});

test('a room with space has a row for each number of people', async (t) => {
  const lateness = { tickLatenessP50Ms: 0.2, tickLatenessP99Ms: 4.2, ticksSkipped: 0 };
  const others = { seconds: 30, serverCpuPercent: 71, packetsPerSecondMin: 49.9, largestGapMs: 31 };
  const rows = [{ people: 100, encodesPerTick: 99.5, ...lateness, ...others }];
  const result = { benchmark: 'space-room', machine, talkers: 8, seconds: 30, rows };
  t.match(
    sectionOf(step('space-room'), read(result, 'space-room')).markdown,
    '| 100 | 99.5 | 0.20 | 4.20 | 0 | 71.0 | 49.9 |',
  );
});

test('recordings and listeners have a row for each number of people', async (t) => {
  const people = { people: 100, workerPercent: 0.1, mainPercent: 3.1, turnMs: 9, megabytesPerHour: 18 };
  const recording = { benchmark: 'recording', machine, seconds: 60, rows: [people] };
  t.match(sectionOf(step('recording'), read(recording, 'recording')).markdown, '| 100 | 0.10 | 3.10 | 9.00 | 18.0 |');
  const heard = { cpuPercent: 12.3, kilobitsPerSecond: 51, latenessP99Ms: 1.5, packetsPerSecondMin: 49.9 };
  const rows = [{ listeners: '1000, and 200 who read nothing', ...heard, residentMegabytes: 151 }];
  const listeners = { benchmark: 'listeners', machine, format: 'opus', seconds: 20, rows };
  t.match(
    sectionOf(step('listeners'), read(listeners, 'listeners')).markdown,
    '| 1000, and 200 who read nothing | 12.3 | 51 | 1.50 | 49.9 | 151 |',
  );
});

test('a full room has a row for each number of people', async (t) => {
  const join = { joinMs: { median: 4, p95: 9, max: 30 }, cpuMsPerJoin: 0.75, joinedBytes: 22_400 };
  const others = { receivedBytes: 31_000, residentBytesPerPerson: 52_000, changesCpuPercent: 3.25, cutOff: 0 };
  const roster = { benchmark: 'roster', machine, changesPerSecond: 20, rows: [{ people: 5000, ...join, ...others }] };
  t.match(
    sectionOf(step('roster'), read(roster, 'roster')).markdown,
    '| 5000 | 4 | 9 | 0.75 | 22.4 | 31 | 52 | 3.3 | 0 |',
  );
});

test('a cluster has a row with the times of all rounds', (t) => {
  const times = (worst: number) => ({ median: 1.4, p95: 2, worst });
  const row = { people: 300, rooms: 30, rounds: 5, joinsPerSecond: 99.6, ledPercent: 66.6, joinMs: times(3) };
  const rows = [{ ...row, killMs: times(4), endMs: times(5), processMs: times(6) }];
  t.match(
    sectionOf(step('cluster'), read({ benchmark: 'cluster', machine, rows }, 'cluster')).markdown,
    '| 300, 30, 5 | 100 | 67 | 1 / 2 / 3 | 1 / 2 / 4 | 1 / 2 / 5 | 1 / 2 / 6 |',
  );
  t.end();
});

test('Mumble has the parts and listeners, what a hundred listeners add, and the delay both ways', async (t) => {
  const parts = [{ name: 'encrypt 120 bytes', medianUs: 2.1, fastestUs: 1.9, ratio: 1 }];
  const heard = { cpuPercent: 8.5, sentPerSecond: 50, packetsPercent: 100, byUdpPercent: 99 };
  const rows = [
    { clients: '0', ...heard, delayMs: null, delayP99Ms: null },
    { clients: '100', ...heard, delayMs: 6.25, delayP99Ms: 18 },
  ];
  const mumble = sectionOf(step('mumble'), read({ benchmark: 'mumble', machine, parts, rows }, 'mumble')).markdown;
  t.match(mumble, '| encrypt 120 bytes | 2.10 | 1.90 | 1.00 |');
  t.match(mumble, '| 0 | 8.5 | 50.0 | 100.00 | 99 | – | – |');
  t.match(mumble, '| 100 | 8.5 | 50.0 | 100.00 | 99 | 6.25 | 18.00 |');
  const window = { cpuPercent: 8.5, leastPercent: 8.1, mostPercent: 9.2, systemPercent: 2.5, mainPercent: 5.5 };
  const listening = { what: 'one talks, 100 listen', ...window, sentPerSecond: 50, arrivedPercent: 100 };
  const listeners = {
    benchmark: 'mumble-listeners',
    machine,
    listeners: 100,
    rounds: 5,
    seconds: 10,
    rows: [listening],
    addedPercent: 4.5,
  };
  const { markdown } = sectionOf(step('mumble-listeners'), read(listeners, 'mumble-listeners'));
  t.match(markdown, '| one talks, 100 listen | 8.5 | 8.1, 9.2 | 2.5 | 5.5 | 50.0 | 100.0 |');
  t.match(markdown, '100 listeners add 4.5 % of a core, 9.0 µs for each packet of each.');
  const way = { way: 'WebRTC → Mumble', talkspurts: 20, arrived: 19, medianMs: 4.6, p90Ms: 10, longestMs: 41 };
  const delay = { benchmark: 'mumble-delay', machine, rows: [way] };
  t.match(
    sectionOf(step('mumble-delay'), read(delay, 'mumble-delay')).markdown,
    '| WebRTC → Mumble | 19 of 20 | 4.6 | 10.0 | 41.0 |',
  );
});

test('the delay is drawn against the jitter when both were measured', async (t) => {
  const results = [read(latency(15, 31), 'latency'), read(latency(0, 17), 'latency')].filter(
    (result) => result.benchmark === 'latency',
  );
  t.same(latencyChart(results)?.series, [
    {
      name: 'Partyline',
      points: [
        [0, 17],
        [15, 31],
      ],
    },
  ]);
  t.equal(latencyChart(results.slice(1)), undefined);
});

test('a file that its step did not produce is refused by name', async (t) => {
  t.throws(() => parseResult('{', 'a.json', 'storm'), /a\.json is not JSON/);
  t.throws(
    () => parseResult('{"benchmark":"weather"}', 'a.json', 'storm'),
    /a\.json does not contain figures of a benchmark/,
  );
  t.throws(() => read(storm, 'flood'), /a\.json contains figures of "storm", not "flood"/);
});

test('the steps have unique names, and all but the opt-in ones take less than 90 minutes', async (t) => {
  t.equal(new Set(STEPS.map(({ name }) => name)).size, STEPS.length);
  const minutes = STEPS.filter(({ onlyByName }) => !onlyByName).reduce((sum, one) => sum + one.minutes, 0);
  t.ok(minutes < 90, `${minutes}`);
  t.ok(STEPS.every(({ args }) => !args.includes('--json')));
});
