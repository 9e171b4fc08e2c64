import { test } from 'tap';
import { joined, OPTIONS, settle, setUp, URL } from './fake-browser.ts';

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
