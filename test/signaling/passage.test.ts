import { EventEmitter, once } from 'node:events';
import { type Test, test } from 'tap';
import { WebSocket } from 'ws';
import { AppError } from '../../src/lib/errors.ts';
import type { Span } from '../../src/lib/span.ts';
import type { Directory } from '../../src/rooms/ports.ts';
import { Passage } from '../../src/signaling/passage.ts';
import { eventually } from '../helpers/eventually.ts';
import { startSignalingServer } from '../helpers/signaling-server.ts';

const elsewhere: Directory = {
  place: () => Promise.resolve({ at: 'elsewhere', url: 'wss://n2/ws' }),
  opened: () => {},
  released: () => {},
};

/** A server that has no rooms, and one that has all. */
async function setUp(t: Test) {
  const there = await startSignalingServer(t);
  const passed: { url: string; address: string; socket: WebSocket }[] = [];
  const spans: Span[] = [];
  const here = await startSignalingServer(t, {
    directory: elsewhere,
    spans: { add: (span) => spans.push(span) },
    passOn: async (url, { address }) => {
      const socket = new WebSocket(`ws://127.0.0.1:${there.port}/ws`, { autoPong: false });
      await once(socket, 'open');
      passed.push({ url, address, socket });
      return socket;
    },
  });
  return { here, there, passed, spans };
}

test('what a client sends goes to the server of its room, in order, and what comes from there to it', async (t) => {
  const { here, there, passed, spans } = await setUp(t);
  const ada = await there.open();
  await ada.join('hall', 'Ada');
  const ben = await here.open();
  ben.send({ type: 'join', room: 'hall', name: 'Ben' });
  // Before it is known where the room is.
  ben.send({ type: 'mute', muted: true });
  ben.send({ type: 'ping', id: 7 });
  t.match((await ben.next('joined')).participants, [{ name: 'Ada' }, { name: 'Ben', muted: false }]);
  t.match(await ben.skipTo('pong'), { id: 7 });
  t.match(passed, [{ url: 'wss://n2/ws', address: '127.0.0.1' }]);
  t.match(await ada.next('participant_joined'), { participant: { name: 'Ben' } });
  t.match(await ada.next('participant_updated'), { participant: { muted: true } });
  ada.send({ type: 'mute', muted: true });
  t.match(await ben.skipTo('participant_updated'), { participant: { name: 'Ada' } });
  ben.socket.send('no JSON');
  t.match(await ben.next('error'), { code: 'malformed_message' });
  t.match([here.registry.figures.participants, there.registry.figures.participants], [0, 2]);
  t.match(
    spans,
    [{ name: 'admission' }, { name: 'join', isError: false, attributes: { 'partyline.outcome': 'passed_on' } }],
    'here the trace of the join has ended',
  );
});

test('a client that understands `redirect` is led there, and is not passed on', async (t) => {
  const { here, passed } = await setUp(t);
  const ada = await here.open();
  ada.send({ type: 'join', room: 'hall', name: 'Ada', redirects: true });
  t.same(await ada.next('redirect'), { type: 'redirect', url: 'wss://n2/ws' });
  t.equal(passed.length, 0);
});

test('the server of the room learns how a client has gone', async (t) => {
  const { here, there } = await setUp(t);
  const [left, lost] = [await here.open(), await here.open()];
  await left.join('hall', 'Ada');
  await lost.join('hall', 'Ben');
  left.socket.close(1000);
  await eventually(() => there.registry.figures.participants === 1);
  lost.socket.terminate();
  await eventually(() => there.endpoint.figures.connections === 0 && here.endpoint.figures.connections === 0);
  t.equal(there.registry.figures.participants, 1, 'it may come back');
  there.clock.advance(30_000);
  t.equal(there.registry.figures.participants, 0);
});

test('a client learns how the server of its room has closed the connection', async (t) => {
  const { here, there, passed } = await setUp(t);
  const ada = await here.open();
  await ada.join('hall', 'Ada');
  const ben = await here.open();
  await ben.join('yard', 'Ben');
  there.registry.known('hall')?.close('server_closing');
  await ada.skipTo('server_closing');
  t.equal((await ada.closed).code, 1012);
  passed[1]!.socket.terminate();
  t.equal((await ben.closed).code, 1006);
});

test('a server that ends says so to those it passes on, and they can come back', async (t) => {
  const { here, there } = await setUp(t);
  const ada = await here.open();
  await ada.join('hall', 'Ada');
  const closed = here.endpoint.close(1000);
  await ada.skipTo('server_closing');
  await ada.closed;
  await closed;
  await eventually(() => there.endpoint.figures.connections === 0);
  t.equal(there.registry.figures.participants, 1);
});

test('the server of the room finds out whether a client is still there, and counts its pings', async (t) => {
  const { here, there } = await setUp(t);
  const ada = await here.open();
  await ada.join('hall', 'Ada');
  const pinged = once(ada.socket, 'ping');
  there.clock.advance(10_000);
  await pinged;
  // Nobody here waits for it any more.
  here.clock.advance(100_000);
  for (let i = 0; i < 50; i++) ada.socket.ping();
  t.match(await ada.skipTo('error'), { code: 'too_many_messages' });
});

test('a server that does not take a client is said to be busy, and the client may ask again', async (t) => {
  let isBusy = true;
  const there = await startSignalingServer(t);
  const here = await startSignalingServer(t, {
    directory: elsewhere,
    passOn: async () => {
      if (isBusy) throw new AppError('server_busy', undefined, { retryAfterMs: 500 });
      const socket = new WebSocket(`ws://127.0.0.1:${there.port}/ws`, { autoPong: false });
      await once(socket, 'open');
      return socket;
    },
  });
  const ada = await here.open();
  ada.send({ type: 'join', room: 'hall', name: 'Ada' });
  t.match(await ada.next('error'), { code: 'server_busy', retryAfterMs: 500 });
  isBusy = false;
  await ada.join('hall', 'Ada');
});

test('who has gone meanwhile is not passed on', async (t) => {
  const there = await startSignalingServer(t);
  let open = () => {};
  const mayOpen = new Promise<void>((resolve) => {
    open = resolve;
  });
  let isAsked = false;
  let opened: WebSocket | undefined;
  const here = await startSignalingServer(t, {
    directory: elsewhere,
    passOn: async () => {
      isAsked = true;
      await mayOpen;
      const socket = new WebSocket(`ws://127.0.0.1:${there.port}/ws`, { autoPong: false });
      await once(socket, 'open');
      opened = socket;
      return socket;
    },
  });
  const ada = await here.open();
  ada.send({ type: 'join', room: 'hall', name: 'Ada' });
  await eventually(() => isAsked);
  ada.socket.terminate();
  await eventually(() => here.endpoint.figures.connections === 0);
  open();
  await eventually(() => opened?.readyState === WebSocket.CLOSED);
  t.equal(there.registry.figures.participants, 0);
});

class FakeSocket extends EventEmitter {
  readyState: number = WebSocket.OPEN;
  bufferedAmount = 0;
  isPaused = false;
  readonly sent: (() => void)[] = [];
  send(data: Buffer, _: object, done: () => void) {
    this.bufferedAmount += data.length;
    this.sent.push(() => {
      this.bufferedAmount -= data.length;
      done();
    });
  }
  pause() {
    this.isPaused = true;
  }
  resume() {
    this.isPaused = false;
  }
  ping() {}
  pong() {}
  close() {}
  terminate() {}
}

test('a side that reads slowly holds up the other one, and nothing is kept without end', (t) => {
  const [here, there] = [new FakeSocket(), new FakeSocket()];
  new Passage(here as unknown as WebSocket, there as unknown as WebSocket);
  for (const [from, to] of [
    [here, there],
    [there, here],
  ] as const) {
    from.emit('message', Buffer.alloc(65_536), false);
    t.notOk(from.isPaused);
    from.emit('message', Buffer.alloc(1), false);
    t.ok(from.isPaused);
    to.sent[1]!();
    t.notOk(from.isPaused);
    to.readyState = WebSocket.CLOSING;
    from.emit('message', Buffer.alloc(1), false);
    t.equal(to.sent.length, 2);
    to.readyState = WebSocket.OPEN;
  }
  t.end();
});
