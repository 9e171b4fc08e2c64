import { test } from 'tap';
import type { ErrorCode } from '../../web/sdk/connection-state.ts';
import { FakeTrack, joined, OPTIONS, person, settle, setUp, setUpInRoom, URL } from './fake-browser.ts';

test('token and password are sent with the join, and with every join after it', async (t) => {
  const { browser, client } = setUp();
  const connecting = client.connect(URL, { ...OPTIONS, token: 'a.b.c', password: 'open sesame' });
  await browser.acceptJoin();
  await connecting;
  const join = { type: 'join', room: 'lobby', name: 'Ada', token: 'a.b.c', password: 'open sesame' };
  t.match(browser.socket.sent[0], join);
  browser.socket.drop();
  await browser.advance(2_000);
  browser.socket.open();
  t.match(browser.socket.sent[0], { ...join, resumeToken: 'token-1' });
  client.close();
});

const REFUSALS: readonly ErrorCode[] = [
  'room_locked',
  'password_required',
  'wrong_password',
  'token_required',
  'token_invalid',
  'token_expired',
  'kicked',
];

for (const code of REFUSALS) {
  test(`${code} ends the first join and a rejoin, and nothing is tried again`, async (t) => {
    const first = setUp();
    const connecting = first.client.connect(URL, OPTIONS);
    first.browser.socket.open();
    first.browser.socket.receive({ type: 'error', code, message: 'No.' });
    await t.rejects(connecting, { code });

    const { browser, client } = await setUpInRoom();
    browser.socket.drop();
    await browser.advance(2_000);
    const tries = browser.sockets.length;
    browser.socket.open();
    browser.socket.receive({ type: 'error', code, message: 'No.' });
    t.match(client.state, { status: 'closed', reason: code });
    await browser.advance(600_000);
    t.equal(browser.sockets.length, tries);
    t.equal(browser.timers, 0);
  });
}

test('a kicked participant does not come back, even if only the closed connection says so', async (t) => {
  const { browser, client } = await setUpInRoom();
  browser.socket.drop(4003);
  t.match(client.state, { status: 'closed', reason: 'kicked' });
  await browser.advance(600_000);
  t.equal(browser.sockets.length, 1);
});

test('somebody who is banned learns for how long', async (t) => {
  const { browser, client } = await setUpInRoom();
  browser.socket.receive({ type: 'error', code: 'kicked', message: 'No.', retryAfterMs: 600_000 });
  t.match(client.state, { status: 'closed', reason: 'kicked', retryAfterMs: 600_000 });
});

test('how others get in is told when entering a room', async (t) => {
  const { browser, client } = await setUpInRoom();
  const told: unknown[] = [];
  client.on('entry', (entry) => told.push(entry));
  browser.socket.receive({
    type: 'moved',
    room: 'vault',
    entry: 'password',
    locked: false,
    participants: [person('me')],
    hearing: [],
    channels: [],
    mayWhisper: true,
    talking: [],
    shoutsTo: [],
    listeners: 0,
    chat: null,
  });
  t.same(told, ['password']);
});

test('a moderator’s mute is obeyed, and cannot be undone until it is allowed', async (t) => {
  const { browser, client } = await setUpInRoom();
  const told: boolean[] = [];
  client.on('muted', (muted) => told.push(muted));
  client.setMicrophone(new FakeTrack().asTrack());
  await settle();
  const sender = browser.connection.transceiver.sender;
  t.equal(sender.track?.enabled, true);
  browser.socket.receive({
    type: 'participant_updated',
    participant: person('me', { muted: true, mutedByModerator: true }),
  });
  t.strictSame(told, [true]);
  t.equal(client.muted, true);
  t.equal(client.mayUnmute, false);
  t.equal(sender.track?.enabled, false, 'nothing is sent');
  const sent = browser.socket.sent.length;
  client.setMuted(false);
  t.equal(client.muted, true);
  t.equal(browser.socket.sent.length, sent);

  browser.socket.receive({ type: 'participant_updated', participant: person('me', { muted: true }) });
  t.equal(client.muted, true, 'allowed, but not unmuted by somebody else');
  client.setMuted(false);
  t.equal(client.muted, false);
  t.equal(sender.track?.enabled, true);
  t.match(browser.socket.sent.at(-1), { type: 'state', muted: false });
  t.strictSame(told, [true]);
  client.close();
});

test('a listen-only participant is muted from the join on', async (t) => {
  const { browser, client } = setUp();
  const connecting = client.connect(URL, OPTIONS);
  browser.socket.open();
  const self = person('me', { maySpeak: false, muted: true });
  browser.socket.receive({ ...joined(), participants: [self] } as ReturnType<typeof joined>);
  await connecting;
  t.equal(client.muted, true);
  t.equal(client.mayUnmute, false);
  client.close();
});

test('the lock state of the room is reported at the join and when it changes', async (t) => {
  const { browser, client } = setUp();
  const told: boolean[] = [];
  client.on('locked', (locked) => told.push(locked));
  const connecting = client.connect(URL, OPTIONS);
  browser.socket.open();
  browser.socket.receive({ ...joined(), locked: true } as ReturnType<typeof joined>);
  await connecting;
  t.equal(client.locked, true);
  browser.socket.receive({ type: 'room_updated', locked: false });
  t.equal(client.locked, false);
  t.strictSame(told, [true, false]);
  client.close();
});

test('a moderator’s actions are sent, and a refusal is an error that ends nothing', async (t) => {
  const { browser, client } = await setUpInRoom();
  const errors: unknown[] = [];
  client.on('error', (error) => errors.push(error));
  client.moderation.mute('other', true);
  client.moderation.kick('other');
  client.moderation.kick('other', 600);
  client.moderation.lock(true);
  t.match(browser.socket.sent.slice(-4), [
    { type: 'mute_participant', participantId: 'other', muted: true },
    { type: 'kick', participantId: 'other', banSeconds: 0 },
    { type: 'kick', participantId: 'other', banSeconds: 600 },
    { type: 'lock', locked: true },
  ]);
  browser.socket.receive({ type: 'error', code: 'not_allowed', message: 'You are not allowed to do this.' });
  t.match(errors, [{ code: 'not_allowed' }]);
  t.match(client.state, { status: 'connected' });
  client.close();
});
