import { EventEmitter } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { test } from 'tap';
import { MumbleConnection } from '../../../src/gateways/mumble/connection.ts';
import { encodeFrame } from '../../../src/gateways/mumble/wire/frames.ts';
import { TYPE } from '../../../src/gateways/mumble/wire/messages.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

/** The socket of a client that may read nothing. */
class FakeSocket extends EventEmitter {
  readonly written: Uint8Array[] = [];
  writableLength = 0;
  isEnding = false;
  isDestroyed = false;
  setNoDelay(): void {}
  write(bytes: Uint8Array): void {
    this.written.push(bytes);
  }
  destroySoon(): void {
    this.isEnding = true;
  }
  destroy(): void {
    if (this.isDestroyed) return;
    this.isDestroyed = true;
    this.emit('close');
  }
}

function setUp() {
  const socket = new FakeSocket();
  const clock = new FakeClock();
  const events: string[] = [];
  const connection = new MumbleConnection(socket as unknown as TLSSocket, clock, {
    message: ({ name }) => events.push(name),
    unknown: (type) => events.push(`type ${type}`),
    voice: (packet) => events.push(`voice of ${packet.length}`),
    tooMany: () => events.push('too many'),
    closed: () => events.push('closed'),
  });
  const receive = (type: number, payload: Uint8Array = new Uint8Array()) =>
    socket.emit('data', encodeFrame(type, payload));
  return { socket, clock, events, connection, receive };
}

test('whoever has to go and reads nothing keeps their place for ten seconds at most', (t) => {
  const { socket, clock, events, connection } = setUp();
  connection.end();
  connection.end();
  t.ok(socket.isEnding && !socket.isDestroyed);
  clock.advance(9999);
  t.notOk(socket.isDestroyed);
  clock.advance(1);
  t.ok(socket.isDestroyed);
  t.same(events, ['closed']);
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('whoever reads what they are told last is not waited for', (t) => {
  const { socket, clock, events, connection, receive } = setUp();
  connection.end();
  receive(TYPE.ping);
  socket.destroy();
  t.same(events, ['closed'], 'and nothing more is read');
  t.equal(clock.pendingTimers, 0);
  connection.end();
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('voice is left out while more is waiting than a working connection has, and messages are not', (t) => {
  const { socket, connection } = setUp();
  socket.writableLength = 65_536;
  t.ok(connection.sendVoice(Uint8Array.of(1)));
  socket.writableLength = 65_537;
  t.ok(connection.isBehind);
  t.notOk(connection.sendVoice(Uint8Array.of(1)));
  connection.send('ping', {});
  t.equal(socket.written.length, 2);
  t.notOk(socket.isDestroyed);
  socket.writableLength = 1_048_577;
  connection.send('ping', {});
  t.ok(socket.isDestroyed);
  connection.send('ping', {});
  t.notOk(connection.sendVoice(Uint8Array.of(1)));
  t.equal(socket.written.length, 3, 'nothing is written to a closed connection');
  t.end();
});

test('messages and voice have rates of their own', (t) => {
  const { clock, events, receive } = setUp();
  for (let n = 0; n < 6000; n++) receive(TYPE.udpTunnel, Uint8Array.of(128, 1, 2));
  for (let n = 0; n < 60; n++) receive(TYPE.ping);
  t.equal(events.filter((event) => event === 'voice of 3').length, 6000);
  t.equal(events.filter((event) => event === 'ping').length, 60);
  clock.advance(100);
  receive(TYPE.ping);
  t.equal(events.at(-1), 'ping');
  receive(TYPE.ping);
  t.same(events.slice(-2), ['too many', 'closed']);
  t.end();
});
