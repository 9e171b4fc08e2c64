import { test } from 'tap';
import { SILENCE_PACKET } from '../../../../src/formats/opus-packet.ts';
import { Bridge } from '../../../../src/gateways/mumble/shared/bridge.ts';
import type { MumbleVoice } from '../../../../src/gateways/mumble/wire/voice-packet.ts';
import { openRegistry } from '../../../helpers/open-registry.ts';

const SPEECH = Uint8Array.of(0x78, 1, 2, 3, 4, 5);

function bridging() {
  const { clock, plane, registry } = openRegistry();
  const room = registry.create({ name: 'lobby', locked: false });
  const said: { frameNumber: number; isLast: boolean }[] = [];
  const say = ({ session, frameNumber, isLast }: MumbleVoice) => {
    if (session === 9) said.push({ frameNumber, isLast });
  };
  const bridge = new Bridge({ room, session: 9, clock, say });
  const seats = () => plane.rooms[0]?.relayed.filter(({ open }) => open) ?? [];
  return {
    plane,
    registry,
    room,
    bridge,
    said,
    seats,
    mix: (n: number, payload: Uint8Array = SPEECH) => seats()[0]!.options.sink.mix(payload, 960 * n, false),
  };
}

test('it hears all but the given seats, says that as one voice, and ends each talkspurt', async (t) => {
  const { bridge, said, seats, mix } = bridging();
  bridge.set([3, 7], true);
  t.match(seats()[0]?.options, { speaks: false, listens: true });
  t.same(seats()[0]?.state, {
    muted: true,
    deafened: false,
    hearing: [
      { seatId: 3, gain: 0 },
      { seatId: 7, gain: 0 },
    ],
  });
  mix(0);
  mix(1);
  mix(2, SILENCE_PACKET);
  mix(3, SILENCE_PACKET);
  t.same(
    said.map(({ isLast }) => isLast),
    [false, false, true],
  );
  t.same(
    said.map(({ frameNumber }) => frameNumber),
    [0, 2, 4],
  );
  bridge.set([3], true);
  t.same(seats()[0]?.state.hearing, [{ seatId: 3, gain: 0 }]);
  t.equal(seats().length, 1);
});

test('closed, it says nothing and hears nothing', async (t) => {
  const { bridge, said, seats, mix } = bridging();
  bridge.set([], false);
  t.ok(seats()[0]?.state.deafened);
  mix(0);
  t.same(said, []);
  bridge.set([], true);
  t.notOk(seats()[0]?.state.deafened);
  mix(1);
  bridge.close();
  t.same(
    said.map(({ isLast }) => isLast),
    [false, true],
    'what it was saying is ended',
  );
  t.same(seats(), []);
  bridge.set([], true);
  t.same(seats(), []);
});

test('a worker that dies, or is busy, costs it its seat until the next look', async (t) => {
  const { plane, bridge, seats } = bridging();
  plane.busy = true;
  bridge.set([], true);
  t.same(seats(), []);
  plane.busy = false;
  bridge.set([], true);
  t.equal(seats().length, 1);
  plane.rooms[0]!.fail();
  t.same(seats(), []);
  bridge.set([], true);
  t.equal(seats().length, 1);
});

test('it hears the shouts of linked rooms as long as there are any', async (t) => {
  const { bridge, seats, registry, room } = bridging();
  registry.create({ name: 'other', locked: false, links: ['lobby'] });
  bridge.set([], true);
  t.equal(seats()[0]?.state.plan, undefined);
  room.change({ links: ['other'] });
  bridge.set([], true);
  t.same(seats()[0]?.state.plan, { speaksInto: [0], whispersTo: [], hears: [0, room.sound.shoutChannel] });
  room.change({ links: [] });
  bridge.set([], true);
  t.equal(seats()[0]?.state.plan, undefined);
});
