import pino from 'pino';
import { test } from 'tap';
import { AppError } from '../../src/lib/errors.ts';
import type { Span } from '../../src/lib/span.ts';
import { countJoin } from '../../src/signaling/count-join.ts';
import { JoinTrace } from '../../src/signaling/join-trace.ts';
import type { SignalingCounters } from '../../src/signaling/session-options.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

function setUp() {
  const counters: SignalingCounters = { messagesIn: 0, joins: new Map(), errors: new Map() };
  const lines: object[] = [];
  const spans: Span[] = [];
  const clock = new FakeClock();
  const trace = new JoinTrace({ sink: { add: (span) => spans.push(span) }, clock, resumes: false });
  const log = pino({ level: 'warn' }, { write: (line) => lines.push(JSON.parse(line)) });
  const context = { room: 'lobby', address: '192.0.2.7', counters, log };
  const refuse = (code: 'wrong_password' | 'room_full') => {
    const error = new AppError(code);
    return () =>
      countJoin(
        () => {
          throw error;
        },
        trace,
        context,
      );
  };
  return { counters, lines, spans, trace, context, refuse };
}

test('joins are counted by what came of them, and traced', (t) => {
  const { counters, lines, spans, trace, context, refuse } = setUp();
  countJoin(() => {}, trace, context);
  countJoin(() => {}, trace, context);
  t.match(spans, [{ name: 'admission', isError: false }]);
  t.throws(refuse('room_full'), { code: 'room_full' });
  t.strictSame(
    [...counters.joins],
    [
      ['ok', 2],
      ['room_full', 1],
    ],
  );
  t.match(spans.at(-1), { name: 'join', attributes: { 'partyline.outcome': 'room_full' } });
  t.strictSame(lines, []);
  t.end();
});

test('the operator learns from where somebody guesses', (t) => {
  const { lines, refuse } = setUp();
  t.throws(refuse('wrong_password'), { code: 'wrong_password' });
  t.match(lines, [{ msg: 'join refused', room: 'lobby', address: '192.0.2.7', code: 'wrong_password' }]);
  t.end();
});
