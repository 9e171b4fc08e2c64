import { test } from 'tap';
import { joined, setUpInRoom } from './fake-browser.ts';

test('whom a participant speaks to is sent, and sent again when the connection was broken', async (t) => {
  const { browser, client } = await setUpInRoom();
  client.channels.talkTo({ channels: ['red'], to: ['other'] });
  const sent = { type: 'talk_to', channels: ['red'], to: ['other'] };
  t.same(browser.socket.sentOf('talk_to'), [sent]);
  browser.socket.receive(joined());
  t.same(browser.socket.sentOf('talk_to'), [sent, sent]);
  client.channels.join('blue');
  client.channels.leave('red');
  t.same(browser.socket.sentOf('join_channel'), [{ type: 'join_channel', channel: 'blue' }]);
  t.same(browser.socket.sentOf('leave_channel'), [{ type: 'leave_channel', channel: 'red' }]);
});

test('those who shout in linked rooms are shown', async (t) => {
  const { browser, client } = await setUpInRoom();
  t.same(client.channels.state.shouting, []);
  const ada = { id: 'p9', name: 'Ada', room: 'alpha' };
  browser.socket.receive({ type: 'shouting', shouters: [ada] });
  t.same(client.channels.state.shouting, [ada]);
  browser.socket.receive(joined());
  t.same(client.channels.state.shouting, [], 'after a reconnect the server says it again');
});

test('channels and those who whisper are shown, until they stop or this participant is moved', async (t) => {
  const { browser, client } = await setUpInRoom();
  const shown: unknown[] = [];
  client.on('channels', ({ channels, talking }) => shown.push([channels.length, [...talking.keys()]]));
  const red = { name: 'red', open: true, speaks: true, hears: true };
  browser.socket.receive({ type: 'channels', channels: [red] });
  browser.socket.receive({ type: 'talking', participantId: 'other', channels: [], whispers: true });
  t.ok(client.channels.state.talking.get('other')?.whispers);
  browser.socket.receive({ type: 'talking', participantId: 'other', channels: [], whispers: false });
  client.channels.talkTo({ channels: ['red'] });
  browser.socket.receive({
    type: 'moved',
    room: 'annex',
    entry: 'open',
    locked: false,
    participants: [],
    hearing: [],
    channels: [],
    mayWhisper: false,
    talking: [{ participantId: 'other', channels: [], whispers: true }],
    shoutsTo: [],
    listeners: 0,
    chat: null,
  });
  t.same(shown, [
    [1, []],
    [1, ['other']],
    [1, []],
    [0, ['other']],
  ]);
  t.same(client.channels.target, { room: true }, 'in another room everyone starts with everyone');
});
