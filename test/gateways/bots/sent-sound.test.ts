import { test } from 'tap';
import { SentSound } from '../../../src/gateways/bots/sent-sound.ts';
import type { BotAnswer } from '../../../src/protocol/bot-answers.ts';
import { writePacket, writeSamples } from '../../../web/sdk/bot/frame.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { FakeRelayedSeat } from '../../helpers/fake-media-plane.ts';
import { payloadOf } from '../../helpers/packet-stream.ts';

function setUp(kind: 'opus' | 'pcm' = 'opus') {
  const clock = new FakeClock();
  const told: BotAnswer[] = [];
  const encoded: number[] = [];
  const codec = {
    createEncoder: () => ({
      encode: (frame: Int16Array) => {
        encoded.push(frame[0]!);
        return payloadOf(frame[0]!);
      },
    }),
    createDecoder: () => ({ decode: () => undefined }),
  };
  const sound = new SentSound({ kind, codec, clock, tell: (answer) => told.push(answer) });
  const open = () => {
    const seat = new FakeRelayedSeat(1, {
      state: { muted: false, deafened: false, hearing: [] },
      speaks: true,
      listens: false,
      sink: { mix: () => {}, played: (samples) => sound.played(samples) },
      events: { connected: () => {}, silent: () => {}, closed: () => {} },
    });
    sound.seated(seat);
    return seat;
  };
  const send = (n: number) => sound.receive(Buffer.from(writePacket(payloadOf(n), n)));
  return { clock, told, encoded, sound, open, send };
}

test('marks come back when what is before them has been played', (t) => {
  const { sound, told, open, send } = setUp();
  const seat = open();
  sound.mark('at once');
  t.same(told.splice(0), [{ type: 'mark', name: 'at once', cleared: false }]);
  for (let n = 0; n < 3; n++) t.equal(send(n), 'queued');
  sound.mark('third');
  send(3);
  sound.mark('fourth');
  seat.play(2);
  t.same(told, []);
  seat.play(1);
  t.same(told.splice(0), [{ type: 'mark', name: 'third', cleared: false }]);
  sound.clear();
  t.same(told.splice(0), [{ type: 'mark', name: 'fourth', cleared: true }]);
  sound.mark('after');
  t.same(told, [{ type: 'mark', name: 'after', cleared: false }]);
  t.end();
});

test('marks are bounded, and lost ones are said to be', (t) => {
  const { sound, told, open, send } = setUp();
  open();
  send(1);
  for (let n = 0; n < 100; n++) t.ok(sound.mark(`${n}`));
  t.notOk(sound.mark('too many'));
  open();
  t.equal(told.length, 100);
  t.ok(told.every((answer) => answer.type === 'mark' && answer.cleared));
  t.end();
});

test('the bot learns twice a second how much waits, until nothing does', (t) => {
  const { clock, sound, told, open, send } = setUp();
  const seat = open();
  for (let n = 0; n < 60; n++) send(n);
  clock.advance(499);
  t.same(told, []);
  seat.play(10);
  clock.advance(1);
  t.same(told.splice(0), [{ type: 'buffered', ms: 1000 }]);
  seat.play(50);
  clock.advance(500);
  t.same(told.splice(0), [{ type: 'buffered', ms: 0 }]);
  t.equal(clock.pendingTimers, 0);
  send(1);
  sound.close();
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('samples are encoded, and what does not fit is refused', (t) => {
  const { sound, open, encoded, send } = setUp('pcm');
  const frame = Buffer.from(writeSamples(new Int16Array(960).fill(5), 0));
  t.equal(sound.receive(frame), 'lost', 'no seat');
  const seat = open();
  t.equal(send(1), 'malformed', 'Opus');
  for (let n = 0; n < 500; n++) t.equal(sound.receive(frame), 'queued');
  t.equal(sound.receive(frame), 'full');
  t.same(encoded.slice(0, 3), [5, 5, 5]);
  seat.play(1);
  t.equal(sound.receive(frame), 'queued');
  t.end();
});
