import { test } from 'tap';
import { GUEST } from '../../src/rooms/admission.ts';
import { sit } from '../helpers/fake-media-plane.ts';
import { openRegistry } from '../helpers/open-registry.ts';
import { RecordingListener } from '../helpers/recording-listener.ts';

async function setUp() {
  const { plane, registry } = openRegistry();
  const join = (name: string) => {
    const listener = new RecordingListener();
    const state = { muted: false, deafened: false };
    const { participant } = registry.join({ room: 'lobby', name, admission: GUEST, state, from: name, listener });
    return { participant, listener };
  };
  const ada = join('Ada');
  const ben = join('Ben');
  const relay = () =>
    ada.participant.sit((media, options) =>
      media.connectRelayed({ ...options, speaks: true, listens: true, sink: { mix: () => {} } }),
    );
  relay();
  await Promise.resolve();
  const room = plane.rooms[0]!;
  ada.listener.events.length = ben.listener.events.length = 0;
  return { registry, room, ada, ben, relay };
}

test('a WebRTC seat beside a WebSocket hears and says nothing until it is connected, and then takes over', async (t) => {
  const { room, ada, ben } = await setUp();
  const [relayed] = room.relayed;
  sit(ada.participant, 'one');
  const [first] = room.seats;
  t.equal(ada.participant.seat, relayed);
  t.match(first!.state, { muted: true, deafened: true });
  ada.participant.setState({ deafened: true });
  t.match(first!.state, { muted: true, deafened: true });
  ada.participant.setState({ deafened: false });
  // Another try replaces it.
  sit(ada.participant, 'two');
  const [, second] = room.seats;
  t.same([first!.open, second!.open, relayed!.open], [false, true, true]);
  first!.connect();
  t.equal(ada.participant.seat, relayed, 'the replaced one cannot take over');
  t.same(ben.listener.take('participant_updated').at(-1)?.participant.via, 'websocket');
  ada.listener.events.length = 0;
  second!.connect();
  t.equal(ada.participant.seat, second);
  t.match(second!.state, { muted: false, deafened: false });
  t.same([second!.open, relayed!.open], [true, false]);
  t.equal(ada.listener.take('media_closed').length, 0, 'nothing was closed that they would miss');
  t.match(ada.participant.view, { connected: true });
  t.equal(ada.participant.view.via, undefined);
  t.end();
});

test('the others are told that somebody is here in another way', async (t) => {
  const { room, ada, ben } = await setUp();
  sit(ada.participant, 'one');
  room.seats[0]!.connect();
  const [update] = ben.listener.take('participant_updated');
  t.match(update?.participant, { id: ada.participant.id, connected: true });
  t.equal(update?.participant.via, undefined);
  t.end();
});

test('a try that fails leaves everything as it is', async (t) => {
  const { room, ada } = await setUp();
  sit(ada.participant, 'one');
  room.seats[0]!.end('handshake_failed');
  t.equal(ada.participant.seat, room.relayed[0]);
  t.equal(room.relayed[0]!.open, true);
  t.same(ada.listener.take('media_closed'), []);
  t.equal(ada.participant.view.connected, true);
  t.end();
});

test('who has not reached where they were to connect stays at this server', async (t) => {
  const { room, ada, ben } = await setUp();
  const stays = () => room.seats.at(-1)!.options.staysHere;
  sit(ben.participant, 'one');
  t.equal(stays(), false);
  room.seats.at(-1)!.end('handshake_failed');
  sit(ben.participant, 'two');
  t.equal(stays(), true);
  room.seats.at(-1)!.connect();
  sit(ben.participant, 'three');
  t.equal(stays(), false);
  // Beside a WebSocket as well.
  sit(ada.participant, 'one');
  sit(ada.participant, 'two');
  t.equal(stays(), true);
  room.seats.at(-1)!.connect();
  sit(ada.participant, 'three');
  t.equal(stays(), false);
  t.end();
});

test('when the WebSocket ends, what stood by ends as well', async (t) => {
  const { room, ada } = await setUp();
  sit(ada.participant, 'one');
  room.relayed[0]!.end('silent');
  t.equal(room.seats[0]!.open, false);
  t.equal(ada.participant.seat, undefined);
  room.seats[0]!.connect();
  t.equal(ada.participant.seat, undefined);
  t.equal(ada.listener.take('media_closed').length, 1);
  t.end();
});

test('beside a WebSocket that is not heard nothing waits', async (t) => {
  const { room, ada } = await setUp();
  room.relayed[0]!.silent(true);
  sit(ada.participant, 'one');
  t.equal(ada.participant.seat, room.seats[0]);
  t.equal(room.relayed[0]!.open, false);
  t.match(room.seats[0]!.state, { muted: false, deafened: false });
  t.end();
});

test('who leaves, is moved or takes another way gives up what stood by', async (t) => {
  for (const way of ['leaves', 'is moved', 'sits anew'] as const) {
    const { registry, room, ada, relay } = await setUp();
    sit(ada.participant, 'one');
    const [standby] = room.seats;
    if (way === 'leaves') ada.participant.leave('left');
    else if (way === 'sits anew') relay();
    else {
      registry.create({ name: 'elsewhere', locked: false });
      registry.move('lobby', ada.participant.id, 'elsewhere');
    }
    t.equal(standby!.open, false, way);
  }
  t.end();
});
