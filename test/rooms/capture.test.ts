import { test } from 'tap';
import { GUEST } from '../../src/rooms/admission.ts';
import type { CaptureEnd } from '../../src/rooms/capture.ts';
import type { RoomEvent } from '../../src/rooms/events.ts';
import { sit } from '../helpers/fake-media-plane.ts';
import { openRegistry } from '../helpers/open-registry.ts';

function setUp() {
  const { clock, plane, registry } = openRegistry(10);
  const join = (name: string) => {
    const events: RoomEvent[] = [];
    const listener = { event: (event: RoomEvent) => events.push(event), ended: () => {} };
    const joined = registry.join({
      room: 'lobby',
      name,
      admission: GUEST,
      state: { muted: false, deafened: false },
      listener,
    });
    return { ...joined, told: () => events.splice(0) };
  };
  const capture = (
    participant: ReturnType<typeof join>['participant'],
    { durationMs = 60_000, maxBytes = 1000 } = {},
  ) => {
    const chunks: number[] = [];
    const ends: CaptureEnd[] = [];
    const running = participant.capture({
      durationMs,
      maxBytes,
      records: (bytes) => chunks.push(bytes.length),
      ended: (reason) => ends.push(reason),
    });
    return { running, chunks, ends };
  };
  return { clock, plane, join, capture };
}

test('everybody in the room, including latecomers, is notified of a capture and of its end', (t) => {
  const { join, capture } = setUp();
  const ada = join('Ada');
  const ben = join('Ben');
  ada.told();
  const { running, ends } = capture(ada.participant);
  for (const { told } of [ada, ben])
    t.match(told(), [{ type: 'participant_updated', participant: { name: 'Ada', captured: true } }]);
  t.match(join('Cy').participants, [{ name: 'Ada', captured: true }, { captured: false }, { captured: false }]);
  t.throws(() => capture(ada.participant), { code: 'capture_running' });
  ben.told();
  running.end('stopped');
  running.end('time');
  t.match(ben.told(), [{ type: 'participant_updated', participant: { name: 'Ada', captured: false } }]);
  t.same(ends, ['stopped']);
  capture(ada.participant).running.end('stopped');
  t.end();
});

test('a capture begins with the current media, and continues with the connection that replaces it', (t) => {
  const { plane, join, capture } = setUp();
  const ada = join('Ada');
  sit(ada.participant, 'first');
  const { running, chunks } = capture(ada.participant);
  const [first] = plane.openSeats;
  t.equal(first!.recording!.request.maxBytes, 1000);
  first!.recording!.sink.records(new Uint8Array(300));
  sit(ada.participant, 'second');
  const [second] = plane.openSeats;
  t.not(second, first);
  t.equal(second!.recording!.request.maxBytes, 700, 'with the rest of its size');
  second!.end('media_failed');
  sit(ada.participant, 'third');
  plane.openSeats[0]!.recording!.sink.records(new Uint8Array(200));
  t.same(chunks, [300, 200]);
  running.end('stopped');
  t.equal(plane.openSeats[0]!.recording, null, 'the worker is told to stop');
  t.end();
});

test('a capture ends by its time, by its size, and with the participant', (t) => {
  const { clock, plane, join, capture } = setUp();
  const ada = join('Ada');
  sit(ada.participant, 'first');
  const byTime = capture(ada.participant, { durationMs: 5000 });
  const { sink } = plane.openSeats[0]!.recording!;
  clock.advance(4999);
  t.same(byTime.ends, []);
  clock.advance(1);
  t.same(byTime.ends, ['time']);
  sink.records(new Uint8Array(10));
  t.same(byTime.chunks, [], 'data still in transit is not delivered');

  const bySize = capture(ada.participant);
  plane.openSeats[0]!.recording!.sink.records(new Uint8Array(1000));
  plane.openSeats[0]!.recording!.sink.full();
  t.same([bySize.chunks, bySize.ends], [[1000], ['size']]);

  const ben = join('Ben');
  const byLeave = capture(ada.participant);
  ben.told();
  ada.participant.leave('left');
  t.same(byLeave.ends, ['left']);
  t.match(ben.told(), [{ type: 'participant_left' }], 'nothing is sent about the capture of someone who has left');
  t.throws(() => capture(ada.participant), { code: 'unknown_participant' });
  clock.advance(120_000);
  t.same(byLeave.ends, ['left']);
  t.end();
});
