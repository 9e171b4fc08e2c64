import { test } from 'tap';
import type { ParticipantInfo } from '../../src/protocol/messages.ts';
import { setUpInRoom } from './fake-browser.ts';

const CY: ParticipantInfo = {
  id: 'cy',
  identity: null,
  name: 'Cy',
  maySpeak: true,
  mayModerate: false,
  muted: false,
  mutedByModerator: false,
  deafened: false,
  microphone: 'open',
  connected: true,
  captured: false,
};

test('a moved participant keeps the connection in the other room, and rejoins the room they came from', async (t) => {
  const { browser, client } = await setUpInRoom();
  const rooms: string[] = [];
  client.on('moved', (room) => rooms.push(room));
  const self = client.participants.get(client.participantId ?? '')!;
  browser.socket.receive({
    type: 'moved',
    room: 'annex',
    entry: 'open',
    locked: true,
    participants: [CY, self],
    hearing: [],
    channels: [],
    mayWhisper: true,
    talking: [],
    shoutsTo: [],
    listeners: 0,
    chat: null,
  });
  t.same(rooms, ['annex']);
  t.equal(client.room, 'annex');
  t.equal(client.locked, true);
  t.same([...client.participants.keys()], ['cy', self.id]);
  t.equal(browser.connections.length, 1);
  t.equal(browser.connections[0]?.isClosed, false);
  t.same(browser.socket.sentOf('offer').length, 1, 'nothing is renegotiated');
  browser.socket.drop();
  await browser.advance(300);
  browser.socket.open();
  t.match(
    browser.socket.sentOf('join'),
    [{ room: 'lobby', resumeToken: 'token-1' }],
    'the token of the join is for it',
  );
});

test('a server that is about to end says so, and a new one does not', async (t) => {
  const { browser, client } = await setUpInRoom();
  const told: unknown[] = [];
  client.on('draining', (draining) => told.push(draining));
  browser.socket.receive({ type: 'server_draining', draining: true, endsInMs: 60_000 });
  browser.socket.receive({ type: 'server_draining', draining: false, endsInMs: null });
  browser.socket.receive({ type: 'server_draining', draining: true, endsInMs: null });
  t.same(told, [{ endsInMs: 60_000 }, null, { endsInMs: null }]);
  t.match(client.state, { status: 'connected' });
  browser.socket.drop();
  await browser.advance(300);
  await browser.acceptJoin('token-2');
  t.equal(told.at(-1), null);
});

test('a client is told how many only listen, on entering a room and when it changes', async (t) => {
  const { browser, client } = await setUpInRoom();
  const told: number[] = [];
  client.on('listeners', (listeners) => told.push(listeners));
  browser.socket.receive({ type: 'listeners', listeners: 3 });
  const self = client.participants.get(client.participantId ?? '')!;
  browser.socket.receive({
    type: 'moved',
    room: 'annex',
    entry: 'open',
    locked: true,
    participants: [self],
    hearing: [],
    channels: [],
    mayWhisper: true,
    talking: [],
    shoutsTo: [],
    listeners: 1,
    chat: null,
  });
  t.same(told, [3, 1]);
});

test('a closed room is not joined again', async (t) => {
  const { browser, client } = await setUpInRoom();
  browser.socket.drop(4004);
  t.match(client.state, { status: 'closed', reason: 'room_closed' });
  await browser.advance(60_000);
  t.equal(browser.sockets.length, 1);
});

test('what is told of a recording contains nothing else of the message, such as the resume token', async (t) => {
  const { browser, client } = await setUpInRoom();
  const told: object[] = [];
  client.on('recording', (news) => told.push(news));
  browser.socket.drop();
  await browser.advance(300);
  await browser.acceptJoin('token-2');
  t.equal(told.length, 1);
  t.notMatch(JSON.stringify(told), /token/);
  t.same(Object.keys(told[0] ?? {}).sort(), ['mayRecord', 'recording', 'soundKey', 'type']);
});
