import { test } from 'tap';
import { createMetrics } from '../../../src/admin/metrics/metrics.ts';
import type { ErrorCode } from '../../../src/lib/errors.ts';
import { LimitCounts } from '../../../src/lib/rates/limit-counts.ts';
import type { MediaStats } from '../../../src/media/plane.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { mediaStats, workerHealth } from '../../helpers/fake-media-plane.ts';

function setUp() {
  const limits = new LimitCounts();
  limits.hit('rooms');
  const state = {
    control: {
      rooms: 1,
      participants: 2,
      joins: new Map<'ok' | ErrorCode, number>([['ok', 3]]),
      limits: limits.counts,
      text: { lines: 11, privateLines: 12, data: 13 },
      connections: 4,
      messagesIn: 5,
      errors: new Map<ErrorCode, number>(),
      eventLoopStalls: 6,
      eventLoopDelaySeconds: { bounds: [0.01, 0.1], counts: [7, 8], sum: 1.5, count: 9 },
    },
    workers: [mediaStats()] as MediaStats[],
  };
  const clock = new FakeClock();
  const metrics = createMetrics({
    version: '1.2.3',
    clock,
    control: () => state.control,
    media: () => state.workers,
    workers: () => [workerHealth(), workerHealth({ worker: 1, running: false })],
  });
  /** The current values. */
  const values = async (): Promise<Map<string, number>> => {
    clock.advance(1000);
    const lines = (await metrics.scrape()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
    );
  };
  return { state, clock, metrics, values };
}

const BASE = mediaStats();

test('the control plane and the process appear in the metrics', async (t) => {
  const { state, values } = setUp();
  state.control.errors.set('room_full', 7);
  const now = await values();
  t.equal(now.get('partyline_info{version="1.2.3"}'), 1);
  t.equal(now.get('partyline_rooms'), 1);
  t.equal(now.get('partyline_participants'), 2);
  t.equal(now.get('partyline_joins_total{result="ok"}'), 3);
  t.equal(now.get('partyline_joins_total{result="wrong_password"}'), undefined);
  t.equal(now.get('partyline_limits_hit_total{limit="rooms"}'), 1);
  t.equal(now.get('partyline_chat_lines_total{to="room"}'), 11);
  t.equal(now.get('partyline_chat_lines_total{to="participant"}'), 12);
  t.equal(
    now.get('partyline_limits_hit_total{limit="unsent_bytes"}'),
    0,
    'present from the start, so that an increase shows',
  );
  t.equal(now.get('partyline_websocket_connections'), 4);
  t.equal(now.get('partyline_websocket_messages_received_total'), 5);
  t.equal(now.get('partyline_event_loop_stalls_total'), 6);
  t.equal(now.get('partyline_event_loop_delay_seconds_bucket{le="0.1"}'), 8);
  t.equal(now.get('partyline_event_loop_delay_seconds_bucket{le="+Inf"}'), 9);
  t.equal(now.get('partyline_event_loop_delay_seconds_sum'), 1.5);
  t.equal(now.get('partyline_worker_up{worker="0"}'), 1);
  t.equal(now.get('partyline_worker_up{worker="1"}'), 0);
  t.equal(now.get('partyline_errors_total{code="room_full"}'), 7);
  t.ok(now.get('nodejs_eventloop_lag_seconds') !== undefined);
  t.equal(
    now.get('nodejs_eventloop_lag_p99_seconds'),
    undefined,
    'which would wake the process a hundred times a second',
  );
  t.ok(now.get('process_resident_memory_bytes')! > 0);
  state.control.joins.set('ok', 10).set('wrong_password', 2);
  const later = await values();
  t.equal(later.get('partyline_joins_total{result="ok"}'), 10, 'the current value, not added up');
  t.equal(later.get('partyline_joins_total{result="wrong_password"}'), 2);
});

test('the figures of each worker carry its label and base units', async (t) => {
  const { state, values } = setUp();
  state.workers = [
    mediaStats({ tickAgeMs: 20, gauges: { ...BASE.gauges, jitterBufferDelayMs: 40, talkers: 3 } }),
    mediaStats({ worker: 1, restarts: 2, counters: { ...BASE.counters, ticks: 50 } }),
  ];
  const now = await values();
  t.equal(now.get('partyline_tick_age_seconds{worker="0"}'), 0.02);
  t.equal(now.get('partyline_jitter_buffer_delay_seconds{worker="0"}'), 0.04);
  t.equal(now.get('partyline_talkers{worker="0"}'), 3);
  t.equal(now.get('partyline_ticks_total{worker="1"}'), 50);
  t.equal(now.get('partyline_worker_restarts_total{worker="1"}'), 2);
});

test('a histogram is copied unchanged', async (t) => {
  const { state, metrics, values } = setUp();
  const tickLatenessSeconds = { bounds: [0.001, 0.005], counts: [8, 9], sum: 0.05, count: 10 };
  state.workers = [mediaStats({ histograms: { ...BASE.histograms, tickLatenessSeconds } })];
  t.match(await metrics.scrape(), '# TYPE partyline_tick_lateness_seconds histogram\n');
  const now = await values();
  t.equal(now.get('partyline_tick_lateness_seconds_bucket{worker="0",le="0.001"}'), 8);
  t.equal(now.get('partyline_tick_lateness_seconds_bucket{worker="0",le="0.005"}'), 9);
  t.equal(now.get('partyline_tick_lateness_seconds_bucket{worker="0",le="+Inf"}'), 10);
  t.equal(now.get('partyline_tick_lateness_seconds_sum{worker="0"}'), 0.05);
  t.equal(now.get('partyline_tick_lateness_seconds_count{worker="0"}'), 10);
});

test('counters and histograms do not decrease when a worker is replaced or missing', async (t) => {
  const { state, values } = setUp();
  const worker = (restarts: number, ticks: number) => {
    const tickSeconds = { bounds: [0.01], counts: [ticks - 1], sum: ticks / 100, count: ticks };
    return mediaStats({
      restarts,
      counters: { ...BASE.counters, ticks },
      histograms: { ...BASE.histograms, tickSeconds },
    });
  };
  const seen: [number | undefined, number | undefined, number | undefined][] = [];
  for (const workers of [[worker(0, 100)], [], [worker(1, 10)], [worker(1, 30)], [worker(2, 200)], [worker(4, 1)]]) {
    state.workers = workers;
    const now = await values();
    seen.push([
      now.get('partyline_ticks_total{worker="0"}'),
      now.get('partyline_tick_duration_seconds_count{worker="0"}'),
      now.get('partyline_tick_duration_seconds_bucket{worker="0",le="0.01"}'),
    ]);
  }
  t.strictSame(seen, [
    [100, 100, 99],
    [100, 100, 99],
    [110, 110, 108],
    [130, 130, 128],
    [330, 330, 327],
    [331, 331, 327],
  ]);
});

test('names follow the rules of Prometheus: one prefix, counters end in _total, every metric has help', async (t) => {
  const { metrics } = setUp();
  const text = await metrics.scrape();
  const types = [...text.matchAll(/^# TYPE (partyline_\S+) (\w+)$/gm)];
  t.ok(types.length > 35);
  for (const [, name = '', type] of types) {
    t.equal(name.endsWith('_total'), type === 'counter', name);
    t.match(text, new RegExp(`^# HELP ${name} \\S`, 'm'));
    t.notMatch(name, /_ms|_milli/);
  }
});

test('requests within a second get the same figures, which are made once', async (t) => {
  const { state, clock, metrics } = setUp();
  const first = await Promise.all([metrics.scrape(), metrics.scrape()]);
  state.control.connections = 40;
  clock.advance(999);
  t.equal(await metrics.scrape(), first[0]);
  t.equal(first[1], first[0]);
  clock.advance(1);
  t.match(await metrics.scrape(), '\npartyline_websocket_connections 40\n');
});
