import { test } from 'tap';
import { settle, setUpInRoom } from './fake-browser.ts';

const RESTART = { type: 'offer', sdp: 'restart 1 of offer of connection 1', restart: true } as const;

test('an ICE restart', async (t) => {
  t.test('follows after a second and a half without incoming data, and keeps the connection', async (t) => {
    const { browser, states } = await setUpInRoom();
    const { socket, connection } = browser;
    connection.become('disconnected');
    t.same(states.at(-1), { status: 'connected', media: 'connecting' });
    await browser.advance(1499);
    t.equal(socket.sentOf('offer').length, 1);
    await browser.advance(1);
    t.same(socket.sentOf('offer').slice(1), [RESTART]);
    socket.receive({ type: 'answer', sdp: 'restarted' });
    await settle();
    t.same(connection.remoteDescription, { type: 'answer', sdp: 'restarted' });
    connection.become('connected');
    t.same(states.at(-1), { status: 'connected', media: 'connected' });
    await browser.advance(60_000);
    t.equal(browser.connections.length, 1);
    t.equal(connection.restarts, 1);
  });

  t.test('is not needed when the connection comes back by itself', async (t) => {
    const { browser } = await setUpInRoom();
    browser.connection.become('disconnected');
    await browser.advance(1400);
    browser.connection.become('connected');
    await browser.advance(5000);
    t.equal(browser.connection.restarts, 0);
  });

  t.test(
    'follows at once when ICE fails, the network changes or the server sees another address, but one at a time',
    async (t) => {
      for (const cause of ['failed', 'moved', 'changed'] as const) {
        const { browser, client } = await setUpInRoom();
        const { socket, connection } = browser;
        if (cause === 'failed') connection.become('failed');
        else if (cause === 'moved') socket.receive({ type: 'media_moved' });
        else client.networkChanged();
        await settle();
        t.same(socket.sentOf('offer').slice(1), [RESTART], cause);
        client.networkChanged();
        await settle();
        t.equal(socket.sentOf('offer').length, 2);
        client.leave();
        t.equal(browser.timers, 0);
      }
    },
  );

  t.test('ends with the answer while the connection is up, and the next change makes the next one', async (t) => {
    const { browser, client } = await setUpInRoom();
    client.networkChanged();
    await settle();
    browser.socket.receive({ type: 'answer', sdp: 'restarted' });
    await browser.advance(1000);
    client.networkChanged();
    await settle();
    t.equal(browser.connection.restarts, 2);
    browser.socket.receive({ type: 'answer', sdp: 'restarted' });
    await browser.advance(2900);
    browser.socket.receive({ type: 'pong' });
    await browser.advance(2900);
    t.equal(browser.connections.length, 1);
  });

  t.test('is requested again when the server says, if postponed, and the connection stays', async (t) => {
    const { browser, client } = await setUpInRoom();
    const { socket, connection } = browser;
    client.networkChanged();
    await settle();
    const postpone = () => socket.receive({ type: 'error', code: 'too_many_offers', message: '', retryAfterMs: 700 });
    postpone();
    client.networkChanged();
    await browser.advance(699);
    t.equal(socket.sentOf('offer').length, 2);
    await browser.advance(1);
    t.equal(socket.sentOf('offer').length, 3);
    postpone();
    await browser.advance(700);
    t.equal(socket.sentOf('offer').length, 4);
    socket.receive({ type: 'answer', sdp: 'restarted' });
    await settle();
    t.same(connection.remoteDescription, { type: 'answer', sdp: 'restarted' });
    t.equal(browser.connections.length, 1);
    client.leave();
    t.equal(browser.timers, 0);
  });

  t.test('without effect is followed by a new connection', async (t) => {
    const { browser } = await setUpInRoom();
    const { socket } = browser;
    browser.connection.become('failed');
    await settle();
    socket.receive({ type: 'answer', sdp: 'restarted' });
    await browser.advance(2500);
    socket.receive({ type: 'pong' });
    await browser.advance(2499);
    t.equal(browser.connections.length, 1);
    await browser.advance(1);
    t.equal(browser.connections.length, 2);
    t.equal(browser.connections[0]?.isClosed, true);
    t.same(socket.sentOf('offer').at(-1), { type: 'offer', sdp: 'offer of connection 2' });
  });

  t.test('refused by the server is followed by a new connection at once, and is not an error to show', async (t) => {
    const { browser, client } = await setUpInRoom();
    const errors: unknown[] = [];
    client.on('error', (error) => errors.push(error));
    browser.connection.become('failed');
    await settle();
    browser.socket.receive({ type: 'error', code: 'cannot_restart', message: '' });
    await browser.advance(0);
    t.equal(browser.connections.length, 2);
    t.same(errors, []);
  });

  t.test('is not tried for a connection that was never up', async (t) => {
    const { browser } = await setUpInRoom();
    browser.socket.receive({ type: 'media_closed', reason: 'silent' });
    await browser.advance(0);
    browser.socket.receive({ type: 'answer', sdp: 'answer' });
    await settle();
    browser.connection.become('failed');
    await browser.advance(1500);
    t.equal(browser.connections.length, 3);
    t.equal(browser.connections[1]?.restarts, 0);
  });

  t.test('waits for the WebSocket when that is lost too, and is repeated when its answer got lost', async (t) => {
    for (const lostFirst of ['media', 'socket'] as const) {
      const { browser, client } = await setUpInRoom();
      if (lostFirst === 'media') browser.connection.become('failed');
      await settle();
      browser.socket.drop();
      if (lostFirst === 'socket') browser.connection.become('failed');
      await browser.advance(300);
      await browser.acceptJoin('token-1', true);
      t.match(browser.socket.sentOf('offer'), [{ restart: true }], lostFirst);
      t.equal(browser.connections.length, 1);
      browser.socket.receive({ type: 'answer', sdp: 'restarted' });
      await settle();
      browser.connection.become('connected');
      t.match(client.state, { status: 'connected', media: 'connected' });
    }
  });

  t.test("uses the TURN servers from the server's latest message", async (t) => {
    const { browser } = await setUpInRoom();
    browser.socket.drop();
    await browser.advance(300);
    browser.connection.configuration = { bundlePolicy: 'max-bundle', iceServers: [] };
    await browser.acceptJoin('token-1', true);
    t.same(browser.connection.configuration, {
      bundlePolicy: 'max-bundle',
      iceServers: [{ urls: ['stun:192.0.2.1'] }],
    });
  });
});
