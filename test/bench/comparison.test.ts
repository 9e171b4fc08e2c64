import { test } from 'tap';
import { compareRuns } from '../../bench/lib/comparison.ts';
import { chartOf, groupRuns, isOnTime, type ScalingRun, type ScalingStep } from '../../bench/lib/scaling-result.ts';

function step(participants: number, serverCpuPercentEach: number, largestGapMs = 25): ScalingStep {
  return {
    participants,
    serverCpuPercentEach,
    serverCpuPercent: participants * serverCpuPercentEach,
    clientCpuPercent: 10,
    packetsPerSecondMean: 50,
    packetsPerSecondMin: 50,
    packetsLost: 0,
    largestGapMs,
    clientPauseMs: 5,
    memoryMbEach: 1,
    joinP50Ms: 30,
  };
}

const runs: ScalingRun[] = [
  { server: 'Partyline', steps: [step(60, 0.3), step(100, 0.2)] },
  { server: 'Janus', steps: [step(60, 2), step(100, 2.5, 400)] },
  { server: 'Partyline', steps: [step(60, 0.5), step(100, 0.2)] },
  { server: 'Janus', steps: [step(60, 2.4)], stopped: '100 participants could not join' },
];

test('servers are compared size by size, and each one in the largest room it serves on time', async (t) => {
  const rows = compareRuns(runs);
  t.same(
    rows.map(({ participants, ratio }) => [participants, Number(ratio.toFixed(6))]),
    [
      ['60', 5.5],
      ['100', 12.5],
      ['100 to 60', 11],
    ],
  );
  t.same(rows[0]!.own, { mean: 0.4, min: 0.3, max: 0.5 });
  t.same(rows[0]!.other, { mean: 2.2, min: 2, max: 2.4 });
  t.same(compareRuns(runs.filter(({ server }) => server === 'Partyline')), [], 'a single server is not compared');
});

test('a room is on time when everybody was sent 50 packets a second without a gap above 60 ms', async (t) => {
  t.ok(isOnTime({ packetsPerSecondMin: 49.8, largestGapMs: 60 }));
  t.notOk(isOnTime({ packetsPerSecondMin: 49.2, largestGapMs: 25 }));
  t.notOk(isOnTime({ packetsPerSecondMin: 50, largestGapMs: 61 }));
});

test('runs of one server are grouped in ascending order of size', async (t) => {
  const [own, other] = groupRuns(runs);
  t.same(own, {
    server: 'Partyline',
    sizes: [
      { participants: 60, cpuPercentEach: [0.3, 0.5], onTime: true },
      { participants: 100, cpuPercentEach: [0.2, 0.2], onTime: true },
    ],
  });
  t.same(
    other?.sizes.map(({ onTime }) => onTime),
    [true, false],
  );
});

test('the chart has a line for each server through the means of its runs', async (t) => {
  const machine = { cpu: 'a core', cores: 2, loadBefore: 0, memoryGb: 8, system: '', node: '', packages: {}, date: '' };
  const chart = chartOf({
    benchmark: 'scaling',
    machine: { ...machine, commit: undefined },
    talkers: 3,
    rooms: 1,
    workers: [1],
    warmUpSeconds: 60,
    seconds: 20,
    runs,
  });
  t.same(chart.series[0], {
    name: 'Partyline',
    points: [
      [60, 0.4],
      [100, 0.2],
    ],
  });
  t.equal(chart.series[1]?.name, 'Janus');
});
