import { test } from 'tap';
import { joined, OPTIONS, settle, setUp, setUpInRoom, URL } from './fake-browser.ts';

test('a client follows to the server that has the room, and joins there with the same message', async (t) => {
  const { browser, client } = setUp();
  const connected = client.connect(URL, OPTIONS);
  await settle();
  const first = browser.socket;
  first.open();
  const [join] = first.sent;
  t.match(join, { type: 'join', redirects: true });
  first.receive({ type: 'redirect', url: '/n/n2/ws' });
  const second = browser.socket;
  t.not(second, first);
  t.equal(first.isClosedByClient, true);
  t.equal(second.url, 'ws://server.test/n/n2/ws');
  second.open();
  t.same(second.sent, [join]);
  second.receive(joined());
  await connected;
  second.drop();
  await browser.advance(500);
  t.equal(browser.socket.url, URL, 'after a loss it asks the first again');
  client.close();
});

test('two servers that do not agree are asked again later', async (t) => {
  const { browser, client } = setUp();
  const refused = client.connect(URL, OPTIONS);
  await settle();
  browser.socket.open();
  browser.socket.receive({ type: 'redirect', url: 'ws://n2.test/ws' });
  t.equal(browser.socket.url, 'ws://n2.test/ws');
  browser.socket.open();
  browser.socket.receive({ type: 'redirect', url: URL });
  await t.rejects(refused, { code: 'unreachable' });
  t.equal(browser.sockets.length, 2);
  client.close();
});

test('who is in a room follows as well, also to a third server, and negotiates anew', async (t) => {
  const { browser, client, states } = await setUpInRoom();
  browser.socket.receive({ type: 'redirect', url: '/n/n2/ws' });
  const seen = states.length;
  // The answer to this will not come.
  client.networkChanged();
  await settle();
  await browser.acceptJoin('token-2');
  t.equal(browser.connections.length, 2);
  t.match(browser.socket.sentOf('join'), [{ resumeToken: 'token-1' }]);
  t.equal(browser.socket.sentOf('offer').length, 1);
  await browser.acceptMedia();
  t.match(client.state, { status: 'connected', media: 'connected' });
  t.notOk(states.slice(seen).some(({ status }) => status === 'reconnecting'));
  browser.socket.receive({ type: 'redirect', url: '/n/n3/ws' });
  t.equal(browser.socket.url, 'ws://server.test/n/n3/ws');
  client.close();
});
