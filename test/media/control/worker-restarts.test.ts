import { pino } from 'pino';
import { type Test, test } from 'tap';
import { toAppError } from '../../../src/lib/errors.ts';
import type { MediaHost, MediaHostEvents } from '../../../src/media/control/host.ts';
import { openMediaPlane } from '../../../src/media/control/media-plane.ts';
import type { MediaCommand } from '../../../src/media/link/messages.ts';
import { TapRecordWriter } from '../../../src/media/link/tap-records.ts';
import type { MediaRoom } from '../../../src/media/plane.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { mediaStats } from '../../helpers/fake-media-plane.ts';
import { AUDIO_OFFER } from '../../helpers/offer.ts';

/** A worker that does nothing except die when the test says so. */
class FakeHost implements MediaHost {
  readonly addresses;
  readonly commands: MediaCommand[] = [];
  readonly events: MediaHostEvents;
  ageMs = 5;

  constructor(index: number, events: MediaHostEvents) {
    this.addresses = [{ protocol: 'udp', family: 4, address: '127.0.0.1', port: 40_000 + index } as const];
    this.events = events;
  }

  tickAgeMs(): number {
    return this.ageMs;
  }

  post(command: MediaCommand): void {
    this.commands.push(command);
  }

  acceptTcp(): never {
    throw new Error('there is no TCP here');
  }

  async close(): Promise<void> {}
}

async function setUp(t: Test, workers: number) {
  const clock = new FakeClock();
  const hosts: FakeHost[] = [];
  const failures: string[] = [];
  let startError: string | undefined;
  const options = {
    workers,
    hosts: ['127.0.0.1'],
    port: 40_000,
    tcp: false,
    announce: [],
    hideLoopback: false,
    spanLoad: 0.6,
    mix: { maxTalkers: 8, levelling: false },
    sdpLimits: { maxBytes: 16_384, maxLines: 300 },
    workerEntry: new URL('file:///none'),
    clock,
    log: pino({ level: 'silent' }),
    onFailed: (reason: string) => failures.push(reason),
  };
  const plane = await openMediaPlane(options, async ({ events }, index) => {
    if (startError !== undefined) throw new Error(startError);
    const host = new FakeHost(index, events);
    hosts[index] = host;
    return host;
  });
  t.teardown(() => plane.close());
  /** Lets promises settle and time advance. */
  const pass = async (ms: number): Promise<void> => {
    const endMs = clock.now() + ms;
    while (clock.now() < endMs) {
      await new Promise(setImmediate);
      clock.advance(Math.min(50, endMs - clock.now()));
    }
    await new Promise(setImmediate);
  };
  const die = (index: number): void => hosts[index]!.events.died('planted');
  const refuseStarts = (message: string | undefined): void => {
    startError = message;
  };
  return { plane, clock, hosts, failures, pass, die, refuseStarts };
}

function openRoom(plane: Awaited<ReturnType<typeof setUp>>['plane']) {
  const room = plane.openRoom({ levels: () => {} });
  const closed: string[] = [];
  return { room, closed, connect: () => connect(room, closed) };
}

/** The port that the participant is sent to, or the code of the refusal. */
function connect(room: MediaRoom, closed: string[]): number | string {
  const events = { connected: () => {}, silent: () => {}, closed: (reason: string) => closed.push(reason) };
  try {
    const { answer } = room.connectWebRtc(
      { sdp: AUDIO_OFFER, address: '' },
      { state: { muted: false, deafened: false, hearing: [] }, events },
    );
    return Number(/127\.0\.0\.1 (\d+) typ host/.exec(answer)?.[1]);
  } catch (error) {
    return toAppError(error).code;
  }
}

test('a dead worker is replaced at once, and after half a second if it soon dies again', async (t) => {
  const { plane, pass, die } = await setUp(t, 1);
  const running = () => plane.health()[0]!.running;
  die(0);
  t.equal(running(), false);
  await pass(1);
  t.equal(running(), true);
  die(0);
  await pass(400);
  t.equal(running(), false);
  await pass(150);
  t.equal(running(), true);
  t.equal(plane.health()[0]!.restarts, 2);
});

test("the age of a worker's last tick does not depend on when the worker last reported", async (t) => {
  const { plane, clock, hosts, die } = await setUp(t, 2);
  clock.advance(5000);
  hosts[1]!.ageMs = 1200;
  const ages = () => plane.health().map(({ tickAgeMs }) => tickAgeMs);
  t.same(ages(), [5, 1200]);
  die(1);
  t.same(ages(), [5, null]);
});

test('a worker that keeps dying is marked as failing, is replaced ever more slowly, and is healthy again after 20 s', async (t) => {
  const { plane, clock, pass, die } = await setUp(t, 2);
  const state = () => plane.health()[0]!;
  const waitsMs: number[] = [];
  for (let death = 0; death < 6; death++) {
    t.equal(state().failing, death >= 3, `after ${death} deaths`);
    die(0);
    const atMs = clock.now();
    while (!state().running) await pass(50);
    waitsMs.push(clock.now() - atMs);
  }
  [0, 500, 1000, 2000, 5000, 5000].forEach((least, index) => {
    t.ok(waitsMs[index]! >= least && waitsMs[index]! <= least + 100, `${waitsMs}`);
  });
  await pass(19_000);
  t.equal(state().failing, true);
  await pass(2000);
  t.match(state(), { failing: false, running: true });
  die(0);
  await pass(60);
  t.equal(state().running, true, 'the next death counts as the first again');
});

test('a room whose workers keep dying stays there, and other rooms stay away', async (t) => {
  const { plane, pass, die } = await setUp(t, 2);
  const sick = openRoom(plane);
  const port = sick.connect();
  for (let death = 0; death < 3; death++) {
    die(Number(port) - 40_000);
    await pass(2000);
    t.equal(sick.connect(), port, 'the least busy worker is the new one');
  }
  const other = openRoom(plane);
  for (let i = 0; i < 4; i++) t.equal(other.connect(), port === 40_000 ? 40_001 : 40_000);
  t.equal(sick.connect(), port, 'the existing room stays');
  die(Number(port) - 40_000);
  t.equal(sick.connect(), 'media_unavailable', 'and waits for its worker');
});

test('connected participants are notified once a worker is back, or once there will be none for now', async (t) => {
  const { plane, pass, die, refuseStarts } = await setUp(t, 2);
  const { closed, connect } = openRoom(plane);
  connect();
  die(0);
  die(1);
  t.same(closed, []);
  await pass(50);
  t.same(closed, ['media_failed']);
  const port = Number(connect());
  refuseStarts('the port is taken');
  die(port - 40_000);
  await pass(600);
  t.same(closed, ['media_failed', 'media_failed']);
  t.equal(connect(), port === 40_000 ? 40_001 : 40_000, 'the other worker takes them');
  refuseStarts(undefined);
  await pass(5000);
  t.ok(plane.health().every(({ running, failing }) => running && !failing));
});

test('the media plane gives up when no worker was healthy for a minute, and not earlier', async (t) => {
  const { failures, pass, die, refuseStarts } = await setUp(t, 2);
  refuseStarts('the port is taken');
  die(0);
  await pass(120_000);
  t.same(failures, [], 'one is left');
  die(1);
  await pass(59_000);
  t.same(failures, []);
  await pass(2000);
  t.match(failures, [/no media worker was healthy for 60 s/]);
});

test('it does not give up when a worker becomes healthy again', async (t) => {
  const { failures, pass, die, refuseStarts } = await setUp(t, 1);
  refuseStarts('the port is taken');
  die(0);
  await pass(50_000);
  refuseStarts(undefined);
  await pass(100_000);
  t.same(failures, []);
  for (let death = 0; death < 30; death++) {
    die(0);
    await pass(6000);
  }
  t.match(failures, [/no media worker was healthy/], 'a crash loop is not healthy');
});

test('a closed media plane has no timers left, even while it waits for a worker', async (t) => {
  const { plane, clock, pass, die } = await setUp(t, 2);
  await pass(1000);
  die(0);
  die(0);
  die(1);
  await plane.close();
  await plane.close();
  t.equal(clock.pendingTimers, 0);
});

test('a recorder is shown every part of a room, and the mix of one of them, whichever workers die', async (t) => {
  const { plane, hosts, pass, die } = await setUp(t, 2);
  const { room, connect } = openRoom(plane);
  const taps = (index: number) =>
    hosts[index]!.commands.flatMap((command) => (command.type === 'set_room_tap' ? [command.tap] : []));
  const busy = (index: number) => {
    const { gauges, ...stats } = mediaStats();
    hosts[index]!.events.event({ type: 'stats', stats: { ...stats, gauges: { ...gauges, utilization: 0.9 } } });
  };
  const seen: unknown[] = [];
  const sink = { voice: (packet: object) => seen.push(packet), mix: (packet: object) => seen.push(packet) };
  connect();
  room.setTap({ request: { voices: true, mix: true }, sink });
  t.same(taps(0), [{ voices: true, mix: true }]);
  busy(0);
  connect();
  t.same(taps(1), [{ voices: true, mix: false }], 'the mix of one part has everybody');

  const records = new TapRecordWriter();
  const { roomId } = hosts[1]!.commands.find(({ type }) => type === 'set_room_tap') as { roomId: number };
  const payload = Uint8Array.of(1, 2);
  const record = { roomId, memberId: 7, stream: 3, arrivalMs: 1.5, timestamp: 960, levelDbov: -30, payload };
  records.add(record);
  records.add({ ...record, memberId: 0 });
  records.add({ ...record, roomId: roomId + 99 });
  hosts[1]!.events.event({ type: 'room_tapped', records: records.take()! });
  const common = { arrivalMs: 1.5, timestamp: 960, payload };
  t.same(seen, [{ ...common, seatId: 7, stream: 7 * 2 ** 16 + 3, levelDbov: -30 }, common]);

  die(0);
  await pass(50);
  t.same(taps(1).at(-1), { voices: true, mix: true }, 'the other part takes over the mix');
  busy(1);
  connect();
  t.same(taps(0), [{ voices: true, mix: false }], 'the replaced worker shows what people say');
  room.setTap(null);
  t.same([taps(0).at(-1), taps(1).at(-1)], [null, null]);
});
