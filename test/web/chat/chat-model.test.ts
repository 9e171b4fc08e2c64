import { test } from 'tap';
import { ChatModel } from '../../../web/app/chat/chat-model.ts';
import type { ChatEntry, ChatState } from '../../../web/sdk/chat.ts';
import { Emitter } from '../../../web/sdk/emitter.ts';
import type { VoiceClient } from '../../../web/sdk/voice-client.ts';

class FakeClient extends Emitter<{ chat: ChatState; chatLine: ChatEntry; joined: unknown }> {
  readonly participantId = 'ada';
}

function open() {
  const client = new FakeClient();
  const chat = new ChatModel(client as unknown as VoiceClient);
  const slowModeSeconds = 60;
  client.emit('chat', { lines: [], rules: { slowModeSeconds, keptLines: 10, keptHours: 1 } });
  const say = (from: string, to: string | null = null, mentions: readonly string[] = []) =>
    client.emit('chatLine', {
      id: 'x',
      from,
      identity: null,
      name: from,
      text: 'Hello',
      atMs: 0,
      mentions,
      edited: false,
      to,
    });
  return { client, chat, say };
}

test('lines of others are unread until the chat is open', async (t) => {
  const { chat, say } = open();
  say('ada');
  t.same(chat.unread.value, { lines: 0, isForMe: false });
  say('ben');
  t.same(chat.unread.value, { lines: 1, isForMe: false });
  say('ben', null, ['ada']);
  say('ben');
  t.same(chat.unread.value, { lines: 3, isForMe: true });
  chat.open();
  t.same(chat.unread.value, { lines: 0, isForMe: false });
  say('ben', 'ada');
  t.same(chat.unread.value, { lines: 0, isForMe: false });
  chat.close();
  say('ben', 'ada');
  t.same(chat.unread.value, { lines: 1, isForMe: true });
});

test('while nobody sees the tab, lines are unread although the chat is open', async (t) => {
  const page = Object.assign(new EventTarget(), { hidden: false });
  t.intercept(globalThis, 'document' as never, { value: page, configurable: true });
  const { chat, say } = open();
  chat.open();
  say('ben');
  t.equal(chat.unread.value.lines, 0);
  page.hidden = true;
  page.dispatchEvent(new Event('visibilitychange'));
  say('ben');
  say('ben');
  t.equal(chat.unread.value.lines, 2);
  page.hidden = false;
  page.dispatchEvent(new Event('visibilitychange'));
  t.equal(chat.unread.value.lines, 0);
  chat.close();
  say('ben');
  page.dispatchEvent(new Event('visibilitychange'));
  t.equal(chat.unread.value.lines, 1, 'looking at the tab does not open the chat');
});

test('slow mode counts from the last line to everyone', async (t) => {
  const { client, chat, say } = open();
  t.equal(chat.slowModeWaitMs, 0);
  say('ada', 'ben');
  say('ben');
  t.equal(chat.slowModeWaitMs, 0);
  say('ada');
  t.ok(chat.slowModeWaitMs > 30_000 && chat.slowModeWaitMs <= 60_000, `${chat.slowModeWaitMs} ms`);
  client.emit('chat', { lines: [], rules: { slowModeSeconds: 0, keptLines: 10, keptHours: 1 } });
  t.equal(chat.slowModeWaitMs, 0);
});
