import pino from 'pino';
import { test } from 'tap';
import { toAppError } from '../../src/lib/errors.ts';
import { answerOffer } from '../../src/media/negotiation.ts';
import { AccessControl } from '../../src/rooms/access.ts';
import { GUEST } from '../../src/rooms/admission.ts';
import { RoomRegistry } from '../../src/rooms/registry.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { FakeMediaPlane } from '../helpers/fake-media-plane.ts';

const log = pino({ level: 'silent' });

function join() {
  const clock = new FakeClock();
  const plane = new FakeMediaPlane();
  const registry = new RoomRegistry({
    plane,
    limits: { maxRooms: 10, maxRoomsPerAddress: 0, maxParticipants: 10, resumeTimeoutMs: 1000 },
    access: new AccessControl({ mode: 'open', tokenSecret: '', roomPasswords: {}, clock }),
    clock,
    log,
  });
  const { participant } = registry.join({
    room: 'lobby',
    name: 'Ada',
    admission: GUEST,
    state: { muted: false, deafened: false },
    listener: { event: () => {}, ended: () => {} },
  });
  const answer = (sdp: string, restart = false): string => {
    try {
      return answerOffer(participant, { sdp, restart, address: '192.0.2.7', isRemote: true }, log);
    } catch (error) {
      return toAppError(error).code;
    }
  };
  return { plane, participant, answer };
}

test('an ICE restart keeps the seat, and without one, or with the offer of another client, it is refused', (t) => {
  const { plane, participant, answer } = join();
  t.equal(answer('x', true), 'cannot_restart');
  t.equal(answer('x'), 'answer 1 to x');
  plane.openSeats[0]?.connect();
  t.match(plane.openSeats[0]?.offer, { address: '192.0.2.7', isRemote: true }, 'it shows where the client is');
  t.equal(answer('y', true), 'restart 1 of 1 for y');
  t.match(plane.openSeats[0]?.offer, { sdp: 'y', isRemote: true });
  t.equal(answer('other', true), 'cannot_restart');
  t.equal(plane.openSeats.length, 1);
  t.equal(participant.view.connected, true);
  t.end();
});

test('an unusable offer leaves the seat as it is, and another one takes its place', (t) => {
  const { plane, participant, answer } = join();
  answer('x');
  t.equal(answer('unusable'), 'invalid_sdp');
  t.equal(participant.seat?.id, 1);
  answer('z');
  t.same(
    plane.openSeats.map(({ id }) => id),
    [2],
  );
  t.end();
});
