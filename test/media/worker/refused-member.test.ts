import { test } from 'tap';
import type { AddMember, MediaEvent } from '../../../src/media/link/messages.ts';
import { MediaEngine } from '../../../src/media/worker/engine.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { simulatedPort } from '../../helpers/simulated-port.ts';

const MIX = { maxTalkers: 8, levelling: false };
const STATE = { muted: false, deafened: false, hearing: [] };
const OPEN_ROOM = 1;
const NO_ROOM = 9;

function setUp() {
  const clock = new FakeClock();
  const events: MediaEvent[] = [];
  const engine = new MediaEngine({
    port: simulatedPort(),
    clock,
    emit: (event) => events.push(event),
    loadMeter: { measure: () => ({ runningShare: 0, waitingShare: 0 }) },
    random: () => 0.5,
  });
  engine.handle({ type: 'open_room', roomId: OPEN_ROOM, mix: MIX });
  const ofType = <T extends MediaEvent['type']>(type: T) =>
    events.filter((event): event is MediaEvent & { type: T } => event.type === type);
  return {
    engine,
    ofType,
    /** Waits for the next stats of the engine. */
    members: () => {
      clock.advance(1000);
      return ofType('stats').at(-1)?.stats.gauges.connections;
    },
    advance: (ms: number) => clock.advance(ms),
  };
}

function addMember(memberId: number, { roomId = OPEN_ROOM, localUfrag = `ufrag${memberId}` } = {}): AddMember {
  const parameters = {
    localUfrag,
    localPassword: 'secret',
    remoteUfrag: 'peer',
    localSsrc: memberId,
    cname: 'mixer',
    opusPayloadType: 111,
    redPayloadType: null,
    audioLevelExtensionId: null,
    direction: 'sendrecv',
  } as const;
  return { type: 'add_member', memberId, roomId, endpoint: { kind: 'webrtc', parameters }, state: STATE };
}

test('a member for a room that is not open is refused, and the worker reports it', async (t) => {
  const { engine, ofType, members } = setUp();
  engine.handle(addMember(5, { roomId: NO_ROOM }));
  t.same(ofType('member_closed'), [{ type: 'member_closed', memberId: 5, reason: 'media_failed' }]);
  t.match(ofType('failure')[0]?.message, /member 5 is for room 9, which is not open/);
  t.equal(members(), 0);
  engine.handle({ type: 'set_state', memberId: 5, state: STATE });
  engine.handle({ type: 'remove_member', memberId: 5 });
  t.equal(ofType('member_closed').length, 1, 'commands that crossed the refusal change nothing');
  engine.handle(addMember(5));
  t.equal(members(), 1, 'the next attempt may succeed');
  await engine.close();
});

test('a member whose endpoint cannot be opened is refused, and the others stay', async (t) => {
  const { engine, ofType, members } = setUp();
  engine.handle(addMember(1));
  engine.handle(addMember(2, { localUfrag: 'ufrag1' }));
  t.same(ofType('member_closed'), [{ type: 'member_closed', memberId: 2, reason: 'media_failed' }]);
  t.equal(members(), 1);
  await engine.close();
});

test('when a command fails for a member, only that member is closed', async (t) => {
  const { engine, ofType, members, advance } = setUp();
  for (const id of [1, 2, 3]) engine.handle(addMember(id));
  engine.handle({ type: 'move_member', memberId: 2, roomId: NO_ROOM, state: STATE });
  t.same(ofType('member_closed'), [{ type: 'member_closed', memberId: 2, reason: 'media_failed' }]);
  t.equal(members(), 2);
  advance(1000);
  const credentials = { localUfrag: 'ufrag1', localPassword: 'secret', remoteUfrag: 'peer' };
  engine.handle({ type: 'restart_ice', memberId: 3, credentials });
  t.match(ofType('member_closed').at(-1), { memberId: 3, reason: 'media_failed' });
  t.match(ofType('failure').at(-1)?.message, /ufrag is in use/);
  t.equal(members(), 1);
  await engine.close();
});
