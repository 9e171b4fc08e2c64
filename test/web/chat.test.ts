import { test } from 'tap';
import type { ChatLine } from '../../src/protocol/chat.ts';
import type { ServerMessage } from '../../src/protocol/messages.ts';
import { joined, setUpInRoom } from './fake-browser.ts';

const line = (id: string, text = id): ChatLine => ({
  id,
  from: 'other',
  identity: null,
  name: 'Ben',
  text,
  atMs: 0,
  mentions: [],
  edited: false,
});
const said = (id: string, more: Partial<ServerMessage & { type: 'said' }> = {}): ServerMessage => ({
  type: 'said',
  line: line(id),
  to: null,
  mark: id,
  ...more,
});

test('lines come, change and go, and only new ones are announced', async (t) => {
  const { browser, client } = await setUpInRoom();
  const news: string[] = [];
  client.on('chatLine', ({ text }) => news.push(text));
  const { socket } = browser;
  socket.receive({ type: 'chat_history', lines: [line('1'), line('2')], unsaid: [], complete: true, mark: '2' });
  socket.receive(said('3'));
  socket.receive({ type: 'edited', line: { ...line('1', 'one'), edited: true }, mark: '4' });
  socket.receive({ type: 'unsaid', id: '2', by: 'other', mark: '5' });
  t.same(
    client.chat.state.lines.map(({ text }) => text),
    ['one', '3'],
  );
  t.same(news, ['3']);
  t.match(client.chat.state.rules, { keptLines: 100 });
});

test('after a break the client asks for what it missed, and applies it', async (t) => {
  const { browser, client } = await setUpInRoom();
  browser.socket.receive({
    type: 'chat_history',
    lines: [line('1'), line('2')],
    unsaid: [],
    complete: true,
    mark: 'm2',
  });
  browser.socket.drop();
  await browser.advance(300);
  browser.socket.open();
  t.match(browser.socket.sentOf('join'), [{ chat: true, data: true, chatAfter: 'm2' }]);
  browser.socket.receive(joined('token-2', true));
  browser.socket.receive({ type: 'chat_history', lines: [line('3')], unsaid: ['1'], complete: false, mark: 'm4' });
  t.same(
    client.chat.state.lines.map(({ id }) => id),
    ['2', '3'],
  );
  browser.socket.receive({ type: 'chat_history', lines: [line('9')], unsaid: [], complete: true, mark: 'm9' });
  t.same(
    client.chat.state.lines.map(({ id }) => id),
    ['9'],
  );
  client.leave();
  t.same(client.chat.state, { lines: [], rules: null });
  t.equal(client.chat.mark, undefined);
});

test('saying resolves with the answer, and a refusal is told to the caller alone', async (t) => {
  const { browser, client } = await setUpInRoom();
  const errors: string[] = [];
  client.on('error', ({ code }) => errors.push(code));
  const first = client.chat.say('hello', { mentions: ['other'] });
  const second = client.chat.say('psst', { to: 'other' });
  const [one, two] = browser.socket.sentOf('say');
  t.match(one, { text: 'hello', mentions: ['other'] });
  t.match(two, { text: 'psst', to: 'other' });
  browser.socket.receive(said('1', { requestId: one!.requestId! }));
  await first;
  const refusal = { type: 'error', code: 'slow_mode', message: 'Slow.', retryAfterMs: 5000 } as const;
  browser.socket.receive({ ...refusal, requestId: two!.requestId! });
  await t.rejects(second, { code: 'slow_mode', retryAfterMs: 5000 });
  t.same(errors, []);
});

test('data goes to the listeners of its topic, as JSON or bytes', async (t) => {
  const { browser, client } = await setUpInRoom();
  const heard: unknown[] = [];
  client.data.on('dice', (payload, { from }) => heard.push([payload, from]));
  browser.socket.receive({ type: 'data', from: 'other', topic: 'dice', payload: { eyes: 3 } });
  browser.socket.receive({ type: 'data', from: null, topic: 'dice', bytes: 'AAEC/w==' });
  browser.socket.receive({ type: 'data', from: 'other', topic: 'cards', payload: 1 });
  t.same(heard, [
    [{ eyes: 3 }, 'other'],
    [Uint8Array.of(0, 1, 2, 255), null],
  ]);
  const sending = client.data.send('pose', Uint8Array.of(0, 1, 2, 255), { to: ['other'], reliable: false });
  const [message] = browser.socket.sentOf('data');
  t.match(message, { topic: 'pose', bytes: 'AAEC/w==', to: ['other'], reliable: false });
  browser.socket.receive({ type: 'done', requestId: message!.requestId! });
  await sending;
  const lost = client.data.send('dice', { eyes: 4 });
  t.match(browser.socket.sentOf('data').at(-1), { payload: { eyes: 4 } });
  browser.socket.drop();
  await t.rejects(lost, { code: 'unreachable' });
});
