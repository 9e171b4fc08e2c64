import { test } from 'tap';
import { startSignalingServer } from '../helpers/signaling-server.ts';

test('lines go to clients that show the chat, after the answer to their join', async (t) => {
  const { open } = await startSignalingServer(t);
  const [ada, ben, old] = [await open(), await open(), await open()];
  ada.send({ type: 'join', room: 'lobby', name: 'Ada', chat: true });
  t.match(await ada.next('joined'), { chat: { keptLines: 100, keptHours: 24, slowModeSeconds: 0 } });
  t.match(await ada.next('chat_history'), { lines: [], complete: true });
  await old.join('lobby', 'Old');
  ada.send({ type: 'say', text: 'hello', requestId: 1 });
  t.match(await ada.skipTo('said'), { line: { text: 'hello', name: 'Ada' }, to: null, requestId: 1 });
  ben.send({ type: 'join', room: 'lobby', name: 'Ben', chat: true });
  const { participantId, resumeToken } = await ben.next('joined');
  const { mark } = await ben.next('chat_history');
  ada.send({ type: 'say', text: 'for you', to: participantId });
  t.match(await ben.next('said'), { line: { text: 'for you' }, to: participantId });
  const types = (await old.settled()).map(({ type }) => type);
  t.notOk(
    types.some((type) => ['said', 'chat_history'].includes(type)),
    types.join(),
  );

  ben.socket.terminate();
  await ben.closed;
  ada.send({ type: 'say', text: 'while you were away' });
  await ada.skipTo('said');
  await ada.skipTo('said');
  const back = await open();
  back.send({ type: 'join', room: 'lobby', name: 'Ben', chat: true, chatAfter: mark, resumeToken });
  await back.next('joined');
  t.match(await back.next('chat_history'), { complete: false, lines: [{ text: 'while you were away' }] });
});

test('a refusal names the message, and the connection stays', async (t) => {
  const { open } = await startSignalingServer(t);
  const ada = await open();
  ada.send({ type: 'say', text: 'too early', requestId: 0 });
  t.match(await ada.next('error'), { code: 'not_joined', requestId: 0 });
  await ada.join('lobby', 'Ada');
  ada.send({ type: 'say', text: 'a\0b', requestId: 1 });
  t.match(await ada.next('error'), { code: 'invalid_text', requestId: 1 });
  ada.send({ type: 'unsay', id: '41', requestId: 2 });
  t.match(await ada.next('error'), { code: 'unknown_line', requestId: 2 });
  ada.send({ type: 'say', text: 'x'.repeat(2001) });
  t.match(await ada.next('error'), { code: 'invalid_text' });
  for (let n = 0; n < 10; n++) ada.send({ type: 'say', text: `${n}`, requestId: n });
  const errors = (await ada.settled()).filter((message) => message.type === 'error');
  t.ok(errors.length >= 5 && errors.every(({ code }) => code === 'too_many_lines'), 'ten a second are refused');
  t.ok(errors.every(({ requestId, retryAfterMs }) => requestId !== undefined && (retryAfterMs ?? 0) > 0));
  t.same(await ada.settled(), []);
});
