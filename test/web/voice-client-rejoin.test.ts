import { test } from 'tap';
import { joined, settle, setUpInRoom } from './fake-browser.ts';

test('coming back', async (t) => {
  t.test('a dropped socket is reopened after a short time and resumes with the token and the state', async (t) => {
    const { browser, client, states } = await setUpInRoom();
    client.setMuted(true);
    client.setDeafened(true);
    browser.socket.drop();
    t.same(states.at(-1), {
      status: 'reconnecting',
      reason: 'unreachable',
      attempt: 1,
      nextTryAtMs: browser.nowMs + 300,
      hasSound: true,
    });
    await browser.advance(299);
    t.equal(browser.sockets.length, 1);
    await browser.advance(1);
    await browser.acceptJoin('token-2');
    t.same(browser.socket.sentOf('join'), [
      {
        type: 'join',
        room: 'lobby',
        name: 'Ada',
        muted: true,
        deafened: true,
        hasMicrophone: false,
        batches: true,
        pages: true,
        redirects: true,
        chat: true,
        data: true,
        resumeToken: 'token-1',
      },
    ]);
    t.same(states.at(-1), { status: 'connected', media: 'connecting' });
    browser.socket.drop();
    await browser.advance(1000);
    browser.socket.open();
    t.equal(browser.socket.sentOf('join')[0]?.resumeToken, 'token-2');
  });

  t.test('the audio continues in between, and afterwards if the server still has it', async (t) => {
    const { browser, states } = await setUpInRoom();
    browser.socket.drop();
    await browser.advance(300);
    t.equal(browser.connections[0]?.isClosed, false);
    await browser.acceptJoin('token-1', true);
    t.equal(browser.connections.length, 1);
    t.equal(browser.connections[0]?.isClosed, false);
    t.same(browser.socket.sentOf('offer'), []);
    t.same(states.at(-1), { status: 'connected', media: 'connected' });
  });

  t.test('audio that the server no longer has is renegotiated', async (t) => {
    const { browser, states } = await setUpInRoom();
    browser.socket.drop();
    await browser.advance(300);
    await browser.acceptJoin('token-2', false);
    t.equal(browser.connections[0]?.isClosed, true);
    t.equal(browser.connections.length, 2);
    t.same(browser.socket.sentOf('offer'), [{ type: 'offer', sdp: 'offer of connection 2' }]);
    t.same(states.at(-1), { status: 'connected', media: 'connecting' });
    await browser.acceptMedia();
    t.same(states.at(-1), { status: 'connected', media: 'connected' });
  });

  t.test('an offer whose answer got lost with the socket is made again', async (t) => {
    const { browser, client } = await setUpInRoom();
    browser.socket.receive({ type: 'media_closed', reason: 'silent' });
    await browser.advance(0);
    t.equal(browser.connections.length, 2);
    browser.socket.drop();
    await browser.advance(300);
    await browser.acceptJoin('token-1', true);
    t.equal(browser.connections.length, 3);
    await browser.acceptMedia();
    t.match(client.state, { media: 'connected' });
  });

  t.test('the reconnecting state says whether audio flows', async (t) => {
    const { browser, client, states } = await setUpInRoom();
    browser.socket.drop();
    browser.connection.become('disconnected');
    t.match(states.at(-1), { status: 'reconnecting', hasSound: false });
    browser.connection.become('connected');
    t.match(states.at(-1), { status: 'reconnecting', hasSound: true });
    client.leave();
    t.equal(browser.timers, 0);
  });

  t.test('the delays grow to fifteen seconds, and start small again after it worked for a while', async (t) => {
    const { browser, client } = await setUpInRoom();
    const delaysMs: number[] = [];
    for (let attempt = 0; attempt < 10; attempt += 1) {
      browser.socket.drop();
      delaysMs.push(client.state.status === 'reconnecting' ? client.state.nextTryAtMs - browser.nowMs : Number.NaN);
      await browser.advance(delaysMs.at(-1) ?? 0);
    }
    t.same(delaysMs, [300, 1000, 2000, 3000, 5000, 5000, 5000, 10_000, 15_000, 15_000]);
    await browser.acceptJoin();
    await browser.advance(8000);
    browser.socket.receive({ type: 'pong' });
    await browser.advance(2000);
    browser.socket.drop();
    t.match(client.state, { status: 'reconnecting', attempt: 1, nextTryAtMs: browser.nowMs + 300 });
  });

  t.test('up to half of the delay is added at random', async (t) => {
    const { browser, client } = await setUpInRoom();
    Object.assign(browser.environment, { random: () => 0.999 });
    browser.socket.drop();
    t.match(client.state, { nextTryAtMs: browser.nowMs + 450 });
  });

  t.test('a server that closes is asked again at the time it gave', async (t) => {
    const { browser, states } = await setUpInRoom();
    browser.socket.receive({ type: 'server_closing', retryAfterMs: 5000 });
    browser.sockets[0]?.drop(1012);
    t.match(states.at(-1), { status: 'reconnecting', attempt: 1, nextTryAtMs: browser.nowMs + 5000 });
    await browser.advance(5000);
    t.equal(browser.sockets.length, 2);
  });

  t.test('the clients of a server that closes do not all come back at the same moment', async (t) => {
    const { browser, client } = await setUpInRoom();
    Object.assign(browser.environment, { random: () => 0.999 });
    browser.socket.receive({ type: 'server_closing', retryAfterMs: 2000 });
    t.match(client.state, { nextTryAtMs: browser.nowMs + 2999 });
  });

  t.test('a server that ignores four pings is lost', async (t) => {
    const { browser, client } = await setUpInRoom();
    const { socket } = browser;
    await browser.advance(9999);
    t.equal(client.state.status, 'connected');
    await browser.advance(1);
    t.equal(client.state.status, 'reconnecting');
    t.equal(socket.closeCode, 4000, 'if the server reads it, it knows that the client comes back');
  });

  t.test('a server that hangs is reported within three seconds, and again when it answers', async (t) => {
    const { browser, client } = await setUpInRoom();
    const told: [number, boolean][] = [];
    const startMs = browser.nowMs;
    client.on('answering', (isAnswering) => told.push([browser.nowMs - startMs, isAnswering]));
    await browser.advance(2100);
    browser.socket.receive({ type: 'pong', id: 1 });
    await browser.advance(4500);
    t.same(told, [[4800, false]], 'the answer to the first ping came in time, and not to the second');
    browser.socket.receive({ type: 'levels', speaking: [] });
    t.same(told.at(-1), [6600, true]);
    t.equal(client.state.status, 'connected');
  });

  t.test('on a slow network, an answer may take a few round trips', async (t) => {
    const { browser, client } = await setUpInRoom();
    let isLate = false;
    client.on('answering', (isAnswering) => {
      isLate = !isAnswering;
    });
    await browser.advance(2500);
    browser.socket.receive({ type: 'pong', id: 1 });
    await browser.advance(1500 + 1999);
    t.equal(isLate, false);
    await browser.advance(1);
    t.equal(isLate, true);
  });

  t.test('a server that says that it is closing ends the sound, too', async (t) => {
    const { browser, client } = await setUpInRoom();
    browser.socket.receive({ type: 'server_closing', retryAfterMs: 2000 });
    t.match(client.state, { status: 'reconnecting', reason: 'server_closing', hasSound: false });
    browser.connection.become('disconnected');
    browser.connection.become('connected');
    t.match(client.state, { hasSound: false }, 'what still arrives is the end of it');
    const other = await setUpInRoom();
    other.browser.socket.drop();
    t.match(other.client.state, { status: 'reconnecting', reason: 'unreachable', hasSound: true });
  });

  t.test('when in doubt, a connection without an answer for two seconds is lost', async (t) => {
    const { browser, client } = await setUpInRoom();
    client.checkConnection();
    t.match(browser.socket.sentOf('ping'), [{ id: 1 }]);
    browser.socket.receive({ type: 'pong', id: 1 });
    await browser.advance(2500);
    t.equal(client.state.status, 'connected');
    client.checkConnection();
    await browser.advance(1999);
    t.equal(client.state.status, 'connected');
    await browser.advance(1);
    t.equal(client.state.status, 'reconnecting');
    client.checkConnection();
    t.equal(browser.sockets.length, 2, 'it is tried again at once');
    await browser.acceptJoin('token-1', true);
    client.networkChanged();
    await browser.advance(1000);
    t.equal(client.state.status, 'reconnecting', 'after a change of the network it has one second');
  });

  t.test('an attempt over a lost network is abandoned for a new one', async (t) => {
    const { browser, client } = await setUpInRoom();
    browser.socket.drop();
    await browser.advance(300);
    client.checkConnection();
    t.equal(browser.sockets.length, 2, 'an attempt in progress is left alone');
    client.networkChanged();
    t.equal(browser.sockets.length, 3);
    t.equal(browser.sockets[1]?.isClosedByClient, true);
    await browser.acceptJoin('token-1', true);
    t.match(client.state, { status: 'connected' });
  });

  t.test('a temporary error at the rejoin is not the end', async (t) => {
    const { browser, client } = await setUpInRoom();
    browser.socket.drop();
    await browser.advance(300);
    browser.socket.open();
    browser.socket.receive({ type: 'error', code: 'internal', message: '' });
    t.match(client.state, { status: 'reconnecting', attempt: 2 });
  });

  t.test('a room that has filled up in between is the end', async (t) => {
    const { browser, client } = await setUpInRoom();
    browser.socket.drop();
    await browser.advance(300);
    browser.socket.open();
    browser.socket.receive({ type: 'error', code: 'room_full', message: 'The room is full.' });
    t.same(client.state, { status: 'closed', reason: 'room_full', message: 'The room is full.' });
    t.equal(browser.timers, 0);
  });

  t.test('a participant replaced by another connection does not take the place back', async (t) => {
    const { browser, client } = await setUpInRoom();
    browser.socket.drop(4001);
    t.match(client.state, { status: 'closed', reason: 'replaced' });
    await browser.advance(60_000);
    t.equal(browser.sockets.length, 1);
  });

  t.test('it can be tried at once', async (t) => {
    const { browser, client } = await setUpInRoom();
    browser.socket.drop();
    client.retryNow();
    client.retryNow();
    t.equal(browser.sockets.length, 2);
    await browser.advance(300);
    t.equal(browser.sockets.length, 2, 'the scheduled attempt is not made as well');
  });

  t.test('leaving while waiting ends it', async (t) => {
    const { browser, client } = await setUpInRoom();
    browser.socket.drop();
    client.leave();
    await browser.advance(60_000);
    t.equal(browser.sockets.length, 1);
    t.equal(browser.timers, 0);
  });

  t.test('an unrequested join confirmation changes nothing', async (t) => {
    const { browser, client } = await setUpInRoom();
    client.leave();
    browser.sockets[0]?.receive(joined());
    await settle();
    t.equal(client.state.status, 'closed');
    t.equal(browser.connections.length, 1);
  });
});
