import { Duplex } from 'node:stream';
import { type Test, test } from 'tap';
import { MessageStream } from '../../../src/media/link/message-stream.ts';
import { duplexPair } from '../../helpers/duplex-pair.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

function setUp(t: Test) {
  const clock = new FakeClock();
  const [stream, other] = duplexPair();
  const messages: unknown[] = [];
  const closed: string[] = [];
  const one = new MessageStream({
    stream,
    clock,
    onMessage: (message) => messages.push(message),
    onClosed: (reason) => closed.push(reason),
  });
  t.teardown(() => one.close());
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { clock, one, other, messages, closed, settle };
}

test('messages arrive whole and in order, however they are cut', async (t) => {
  const { other, messages, closed, settle } = setUp(t);
  for (const part of ['{"a":', '1}\n\n{"b"', ':2}\n{"c":3}\n', '{"d"']) other.write(part);
  await settle();
  t.same(messages, [{ a: 1 }, { b: 2 }, { c: 3 }]);
  other.write(':4}\n');
  await settle();
  t.same(messages.at(-1), { d: 4 });
  t.same(closed, []);
});

test('bytes are sent as base64, whatever holds them', async (t) => {
  const { one, other, settle } = setUp(t);
  const sent: string[] = [];
  other.on('data', (bytes: Buffer) => sent.push(bytes.toString()));
  one.send({ plain: Uint8Array.of(1, 2, 3), view: Buffer.from('xabc').subarray(1), list: [Uint8Array.of(4)] });
  await settle();
  t.same(sent, ['{"plain":"AQID","view":"YWJj","list":["BA=="]}\n']);
});

test('a message that is too long or no JSON ends the connection', async (t) => {
  for (const text of ['x'.repeat(256 * 1024 + 1), '{"a":}\n']) {
    const { other, messages, closed, settle } = setUp(t);
    other.write(text);
    await settle();
    t.equal(closed.length, 1, text.slice(0, 10));
    other.write('{"late":1}\n');
    await settle();
    t.same(messages, []);
  }
});

test('who says nothing for four seconds is given up, and a sign of life is enough', async (t) => {
  const { clock, other, closed, settle } = setUp(t);
  for (let second = 0; second < 10; second++) {
    other.write('\n');
    await settle();
    clock.advance(1000);
  }
  t.same(closed, []);
  clock.advance(3000);
  t.same(closed, []);
  clock.advance(1000);
  t.same(closed, ['the other server is silent']);
  t.equal(clock.pendingTimers, 0);
});

test('signs of life are sent each second, until it is closed', async (t) => {
  const { clock, one, other, settle } = setUp(t);
  let sent = '';
  other.on('data', (bytes: Buffer) => {
    sent += bytes.toString();
  });
  clock.advance(3000);
  await settle();
  t.equal(sent, '\n\n\n');
  one.close();
  t.equal(clock.pendingTimers, 0);
  one.send({ late: 1 });
  await settle();
  t.equal(sent, '\n\n\n');
});

test('the end of the connection is told once', async (t) => {
  const { one, other, closed, settle } = setUp(t);
  other.destroy();
  await settle();
  await settle();
  t.equal(closed.length, 1);
  one.close();
  t.equal(closed.length, 1);
});

test('whoever does not read is given up, but not while something is sent', async (t) => {
  const stream = new Duplex({ read() {}, write() {} });
  const closed: string[] = [];
  const one = new MessageStream({
    stream,
    clock: new FakeClock(),
    onMessage: () => {},
    onClosed: (reason) => closed.push(reason),
  });
  const text = 'x'.repeat(1024 * 1024);
  for (let i = 0; i < 7; i++) one.send({ text });
  t.notOk(stream.destroyed);
  for (let i = 0; i < 8; i++) one.send({ text });
  t.same(closed, []);
  t.ok(stream.writableLength < 10 * 1024 * 1024, 'no more is kept');
  await new Promise((resolve) => setImmediate(resolve));
  t.same(closed, ['the other server does not read']);
});
