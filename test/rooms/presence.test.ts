import { test } from 'tap';
import type { MediaNetwork } from '../../src/media/plane.ts';
import { GUEST } from '../../src/rooms/admission.ts';
import type { RoomEvent } from '../../src/rooms/events.ts';
import { gradeOf, Presence } from '../../src/rooms/presence.ts';
import { sit } from '../helpers/fake-media-plane.ts';
import { openRegistry } from '../helpers/open-registry.ts';

const path = (lossRatio: number, roundTripMs = 20, jitterMs = 2): MediaNetwork => ({
  incoming: { lossRatio: 0, jitterMs },
  outgoing: { lossRatio, jitterMs: 1 },
  roundTripMs,
});
const GOOD = path(0.01);
const POOR = path(0.2);

test('a connection is graded by its worst part', async (t) => {
  t.equal(gradeOf({ incoming: null, outgoing: null, roundTripMs: null }), 'good', 'nothing is known');
  t.equal(gradeOf(GOOD), 'good');
  t.equal(gradeOf(path(0.05)), 'fair');
  t.equal(gradeOf(POOR), 'poor');
  t.equal(gradeOf({ ...POOR, incoming: POOR.outgoing, outgoing: POOR.incoming }), 'poor');
  t.equal(gradeOf(path(0, 300)), 'fair');
  t.equal(gradeOf(path(0, 480, 40)), 'poor');
});

test('the others see a grade when two reports say the same, so that a single bad one changes nothing', async (t) => {
  const presence = new Presence(true);
  const seen = [GOOD, POOR, GOOD, POOR, POOR, POOR, GOOD, path(0.05), path(0.05), GOOD, GOOD].map((network) => {
    const isNews = presence.reported(network);
    return `${presence.view.connection ?? 'good'}${isNews ? '!' : ''}`;
  });
  t.same(seen, ['good', 'good', 'good', 'good', 'poor!', 'poor', 'poor', 'poor', 'fair!', 'fair', 'good!']);
  for (const network of [POOR, POOR]) presence.reported(network);
  presence.reconnected();
  t.same(presence.view, {}, 'of another connection nothing is known');
});

test('everyone sees raised hands, who is away, and poor connections; a hand is lowered by going to another room', async (t) => {
  const { registry, clock, plane } = openRegistry();
  const events: RoomEvent[] = [];
  const join = (room: string, name: string) =>
    registry.join({
      room,
      name,
      admission: GUEST,
      state: { muted: false, deafened: false },
      listener: { event: (...news) => void (name === 'Ada' && events.push(...news)), ended() {} },
    }).participant;
  join('lobby', 'Ada');
  const ben = join('lobby', 'Ben');
  const latest = () => {
    clock.advance(100);
    const updates = events.splice(0).flatMap((event) => (event.type === 'participant_updated' ? [event] : []));
    return updates.at(-1)?.participant;
  };
  ben.setPresence({ handRaised: true });
  t.match(latest(), { name: 'Ben', handRaised: true, microphone: 'open' });
  ben.setPresence({ handRaised: true });
  t.equal(latest(), undefined, 'nothing has changed');
  ben.setPresence({ away: true, hasMicrophone: false });
  t.match(latest(), { handRaised: true, away: true, microphone: 'none' });
  sit(ben, 'v=0');
  const { events: seat } = plane.rooms[0]!.seats[0]!.options;
  seat.connected();
  latest();
  for (const network of [POOR, POOR]) seat.network?.(network);
  t.match(latest(), { connection: 'poor' });
  for (const network of [GOOD, GOOD]) seat.network?.(network);
  t.equal(latest()?.connection, undefined);
  registry.move('lobby', ben.id, 'den');
  t.same([ben.view.handRaised, ben.view.away], [undefined, true]);
  ben.leave('left');
  seat.network?.(POOR);
  registry.close();
  t.equal(clock.pendingTimers, 0);
});
