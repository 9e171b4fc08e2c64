import { test } from 'tap';
import type { Environment } from '../../../web/sdk/environment.ts';
import { MediaLink } from '../../../web/sdk/media-link.ts';
import { VoiceClient } from '../../../web/sdk/voice-client.ts';
import { MediaFallback } from '../../../web/sdk/websocket-media/media-fallback.ts';
import { FakeBrowser, FakePeerConnection, FakeTrack, FakeWebSocket, joined, settle } from '../fake-browser.ts';

/** As browsers have them: others may listen as well. */
class ListenedWebSocket extends FakeWebSocket {
  #listener: (event: { data: string }) => void = () => {};

  addEventListener(_: string, listener: (event: { data: string }) => void): void {
    const before = this.#listener;
    this.#listener = (event) => {
      before(event);
      listener(event);
    };
  }

  override receive(message: Parameters<FakeWebSocket['receive']>[0]): void {
    this.#listener({ data: JSON.stringify(message) });
    super.receive(message);
  }
}

class Real extends FakePeerConnection {
  getTransceivers() {
    return this.transceiver.direction === '' ? [] : [this.transceiver];
  }
}

/** A client in a room, whose sound comes from the first server. */
async function setUp() {
  const browser = new FakeBrowser();
  const sockets: ListenedWebSocket[] = [];
  const reals: Real[] = [];
  const environment: Environment = {
    ...browser.environment,
    openWebSocket: (url) => {
      sockets.push(new ListenedWebSocket(url));
      return sockets.at(-1) as unknown as WebSocket;
    },
    createPeerConnection: (configuration) => {
      reals.push(new Real(configuration, `${reals.length + 1}`));
      return reals.at(-1) as unknown as RTCPeerConnection;
    },
  };
  const createLink = (...given: ConstructorParameters<typeof MediaLink>) => new MediaLink(...given);
  const client = new VoiceClient(new MediaFallback({ threads: 'threads' }, { environment, createLink }).environment);
  const heard: unknown[] = [];
  client.on('stream', (stream) => heard.push((stream as unknown as { tracks: unknown[] }).tracks[0]));
  client.setMicrophone(new FakeTrack().asTrack());
  void client.connect('https://x', { room: 'lobby', name: 'Ada' });
  await browser.advance(0);
  const socket = () => sockets.at(-1)!;
  const enter = async (mediaResumed = false) => {
    socket().open();
    socket().receive(joined('token', mediaResumed));
    await settle();
  };
  /** The newest connection has a track to play. */
  const answer = async () => {
    const track = new FakeTrack();
    socket().receive({ type: 'answer', sdp: 'answer' });
    await settle();
    reals.at(-1)!.ontrack?.({ track });
    return track;
  };
  await enter();
  const first = await answer();
  reals[0]!.become('connected');
  return { browser, client, sockets, socket, reals, heard, enter, answer, first };
}

test('who is led to another server is heard and hears without a gap', async (t) => {
  const { browser, client, socket, sockets, reals, heard, enter, answer, first } = await setUp();
  socket().receive({ type: 'redirect', url: 'wss://n2/ws' });
  t.equal(socket().url, 'wss://n2/ws');
  t.equal(sockets[0]!.closeCode, 4000);
  await enter();
  t.equal(reals.length, 2);
  const second = await answer();
  t.same([reals[0]!.isClosed, heard], [false, [first]], 'the first server plays on');
  t.ok(reals[0]!.transceiver.sender.track, 'and is sent the voice');
  reals[1]!.become('connected');
  t.ok(reals[1]!.transceiver.sender.track);
  t.match(client.state, { status: 'connected', media: 'connected' });
  await browser.advance(999);
  t.same([reals[0]!.isClosed, heard], [false, [first]], 'others may not be there yet');
  await browser.advance(1);
  t.same([reals[0]!.isClosed, heard], [true, [first, second]]);
  t.equal(reals[1]!.isClosed, false);
  socket().receive({ type: 'redirect', url: 'wss://n3/ws' });
  t.equal(socket().url, 'wss://n3/ws', 'and may be led on');
  await enter();
  await answer();
  t.equal(reals[1]!.isClosed, false);
  client.leave();
  t.same(
    reals.map(({ isClosed }) => isClosed),
    [true, true, true],
    'who leaves is heard nowhere any more',
  );
});

test('a server that was lost is not waited for', async (t) => {
  const { browser, client, socket, reals, heard, enter, answer, first } = await setUp();
  socket().drop();
  await browser.advance(300);
  await enter();
  t.equal(reals[0]!.isClosed, true);
  t.same(heard, [first, await answer()]);
  client.leave();
});

test('if the next server is lost before the client is there, it is as any loss', async (t) => {
  const { browser, client, socket, reals, enter } = await setUp();
  socket().receive({ type: 'redirect', url: 'wss://n2/ws' });
  socket().drop();
  t.match(client.state, { status: 'reconnecting' });
  await browser.advance(300);
  await enter();
  t.equal(reals[0]!.isClosed, true);
  client.leave();
});

test('the first server is let go when the next one does not get a connection', async (t) => {
  const { browser, client, socket, reals, enter } = await setUp();
  socket().receive({ type: 'redirect', url: 'wss://n2/ws' });
  await enter();
  await browser.advance(7900);
  t.equal(reals[0]!.isClosed, false);
  await browser.advance(200);
  t.equal(reals[0]!.isClosed, true);
  client.leave();
});

test('who leaves on the way to the next server is heard nowhere any more', async (t) => {
  const { client, socket, reals } = await setUp();
  socket().receive({ type: 'redirect', url: 'wss://n2/ws' });
  t.equal(reals[0]!.isClosed, false);
  client.leave();
  t.equal(reals[0]!.isClosed, true);

  const refused = await setUp();
  refused.socket().receive({ type: 'redirect', url: 'wss://n2/ws' });
  refused.socket().open();
  refused.socket().receive({ type: 'error', code: 'kicked', message: 'You were removed.' });
  refused.socket().drop();
  t.equal(refused.client.state.status, 'closed');
  t.equal(refused.reals[0]!.isClosed, true);
});
