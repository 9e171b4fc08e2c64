import { test } from 'tap';
import type { ServerMessage } from '../../src/protocol/messages.ts';
import type { ListedRoom } from '../../src/protocol/rooms.ts';
import { joined, person, settle, setUpInRoom } from './fake-browser.ts';

const room = (name: string, change: Partial<ListedRoom> = {}): ListedRoom => ({
  name,
  description: '',
  entry: 'open',
  locked: false,
  permanent: true,
  order: 0,
  participants: 0,
  people: [],
  ...change,
});

function moved(name: string): ServerMessage {
  const {
    type: _,
    participantId,
    iceServers,
    resumeToken,
    roomList,
    mediaResumed,
    ...view
  } = joined() as Extract<ServerMessage, { type: 'joined' }>;
  return { ...view, type: 'moved', room: name, participants: [person('me')] };
}

async function setUp() {
  const parts = await setUpInRoom();
  const states: (readonly ListedRoom[] | null)[] = [];
  parts.client.on('rooms', (state) => states.push(state));
  const rejoin = async (roomList: boolean) => {
    parts.browser.socket.drop();
    await parts.browser.advance(1000);
    parts.browser.socket.open();
    parts.browser.socket.receive({ ...joined('token-2', true), roomList } as ServerMessage);
    await settle();
  };
  const names = () => states.at(-1)?.map(({ name }) => name);
  return { ...parts, states, rejoin, names };
}

test('the list is asked for where there is one, again after a reconnection, and kept up to date', async (t) => {
  const { browser, client, states, rejoin, names } = await setUp();
  client.rooms.watch(true);
  t.same(browser.socket.sentOf('watch_rooms'), [], 'this server has none');
  await rejoin(true);
  t.same(browser.socket.sentOf('watch_rooms'), [{ type: 'watch_rooms', on: true }]);
  t.same(states.at(-1), []);
  const { socket } = browser;
  socket.receive({ type: 'rooms', rooms: [room('b'), room('a'), room('c', { order: 1 })] });
  t.same(names(), ['b', 'a', 'c']);
  const guests = room('B', { permanent: false });
  socket.receive({ type: 'rooms_changed', rooms: [room('c'), guests, room('b', { participants: 2 })], closed: ['a'] });
  t.same(names(), ['c', 'B', 'b']);
  t.match(states.at(-1), [{}, {}, { participants: 2 }]);
  client.rooms.watch(false);
  t.same(socket.sentOf('watch_rooms').at(-1), { type: 'watch_rooms', on: false });
  t.same(states.at(-1), []);
  socket.receive({ type: 'rooms_changed', rooms: [room('late')], closed: [] });
  t.same(states.at(-1), []);
  await rejoin(false);
  t.equal(states.at(-1), null);
});

test('after a switch, a reconnection leads to the new room, with its password', async (t) => {
  const { browser, client, rejoin } = await setUp();
  const done = client.switchRoom('vault', { password: 'open sesame' });
  const [asked] = browser.socket.sentOf('switch_room');
  t.match(asked, { room: 'vault', password: 'open sesame' });
  browser.socket.receive(moved('vault'));
  browser.socket.receive({ type: 'done', requestId: asked?.requestId ?? 0 });
  await done;
  t.equal(client.room, 'vault');
  await rejoin(true);
  t.match(browser.socket.sentOf('join'), [{ room: 'vault', password: 'open sesame' }]);
});

test('a refused switch is told to the caller alone, and changes nothing', async (t) => {
  const { browser, client, rejoin } = await setUp();
  const errors: string[] = [];
  client.on('error', ({ code }) => errors.push(code));
  const done = client.switchRoom('vault');
  const [asked] = browser.socket.sentOf('switch_room');
  browser.socket.receive({
    type: 'error',
    code: 'password_required',
    message: 'This room requires a password.',
    requestId: asked?.requestId ?? 0,
  });
  await t.rejects(done, { code: 'password_required' });
  t.same(errors, []);
  await rejoin(true);
  t.match(browser.socket.sentOf('join'), [{ room: 'lobby' }]);
});
