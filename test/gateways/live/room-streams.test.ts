import { test } from 'tap';
import { RoomStreams } from '../../../src/gateways/live/room-streams.ts';
import { openRegistry } from '../../helpers/open-registry.ts';

test('a room has one stream, while anybody listens', async (t) => {
  const { registry, clock, plane } = openRegistry();
  t.teardown(() => registry.close());
  const room = registry.create({ name: 'Lobby', locked: false });
  const streams = new RoomStreams(clock);
  const heard = new Map<string, number>();
  const listener = (name: string) => (bytes: Uint8Array) => void heard.set(name, (heard.get(name) ?? 0) + bytes.length);
  const first = streams.play(room, 'opus', listener('first'));
  const second = streams.play(room, 'opus', listener('second'));
  t.equal(clock.pendingTimers, 1, 'one stream');
  t.equal(heard.get('first'), heard.get('second'));
  first();
  first();
  const before = heard.get('first');
  clock.advance(2000);
  t.equal(heard.get('first'), before);
  t.ok((heard.get('second') ?? 0) > (before ?? 0));
  second();
  t.equal(plane.rooms[0]?.tap, null);
  t.equal(clock.pendingTimers, 0);
  streams.play(room, 'webm', listener('third'))();
  t.ok((heard.get('third') ?? 0) > 0);
  t.equal(clock.pendingTimers, 0);
});
