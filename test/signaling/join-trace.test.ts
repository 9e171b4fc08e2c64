import { test } from 'tap';
import { AppError } from '../../src/lib/errors.ts';
import { TrustedProxies } from '../../src/lib/net/client-address.ts';
import type { Span } from '../../src/lib/span.ts';
import { JoinTrace } from '../../src/signaling/join-trace.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { startSignalingServer } from '../helpers/signaling-server.ts';

function setUp({ parent = undefined as { traceId: string; spanId: string; isSampled: boolean } | undefined } = {}) {
  const clock = new FakeClock();
  const spans: Span[] = [];
  const trace = new JoinTrace({ sink: { add: (span) => spans.push(span) }, clock, parent, resumes: false });
  const since = (ms: number) => ms - clock.epochMs;
  const shown = () => spans.map(({ name, startMs, endMs }) => [name, since(startMs), since(endMs)]);
  return { clock, spans, trace, shown };
}

test('the parts of a join follow each other without gaps, in one trace', (t) => {
  const { clock, spans, trace, shown } = setUp();
  clock.advance(10);
  trace.phase('offer');
  clock.advance(20);
  let reached = () => {};
  t.equal(
    trace.answer((whenReached) => {
      reached = whenReached;
      clock.advance(2);
      return 'sdp';
    }),
    'sdp',
  );
  clock.advance(30);
  reached();
  clock.advance(40);
  trace.see({ type: 'media_connected' });
  t.strictSame(shown(), [
    ['admission', 0, 10],
    ['offer', 10, 30],
    ['answer', 30, 32],
    ['ice', 32, 62],
    ['dtls', 62, 102],
    ['join', 0, 102],
  ]);
  const join = spans.at(-1)!;
  t.match(join, { attributes: { 'partyline.outcome': 'connected', 'partyline.resumes': false }, isError: false });
  t.equal(join.parentSpanId, undefined);
  for (const span of spans.slice(0, -1)) t.match(span, { traceId: join.traceId, parentSpanId: join.spanId });
  t.equal(new Set(spans.map(({ spanId }) => spanId)).size, 6);
  trace.end('left');
  trace.phase('offer');
  reached();
  t.equal(spans.length, 6, 'it has ended');
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('it belongs to the span of the proxy', (t) => {
  const parent = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), isSampled: true };
  const { spans, trace } = setUp({ parent });
  trace.end('left');
  t.match(spans.at(-1), { name: 'join', traceId: parent.traceId, parentSpanId: parent.spanId });
  t.end();
});

test('a step of the wall clock changes no duration', (t) => {
  const { clock, spans, trace } = setUp();
  const startMs = clock.wallNow();
  clock.advance(10);
  clock.stepWall(-3_600_000);
  trace.end('connected');
  t.match(spans.at(-1), { startMs, endMs: startMs + 10 });
  t.end();
});

test('a failed join says at which part and why', (t) => {
  const { spans, trace } = setUp();
  trace.phase('offer');
  const error = new AppError('invalid_sdp');
  t.throws(
    () =>
      trace.answer(() => {
        throw error;
      }),
    error,
  );
  t.match(spans.slice(-2), [
    { name: 'answer', isError: true },
    { name: 'join', isError: true, attributes: { 'partyline.outcome': 'invalid_sdp' } },
  ]);
  t.end();
});

test('media that fails, and media that never comes', (t) => {
  const failed = setUp();
  failed.trace.see({ type: 'media_closed', reason: 'handshake_failed' });
  t.match(failed.spans.at(-1), { isError: true, attributes: { 'partyline.outcome': 'handshake_failed' } });
  const { clock, spans, trace } = setUp();
  trace.see({ type: 'media_moved' });
  clock.advance(59_999);
  t.equal(spans.length, 0);
  clock.advance(1);
  t.match(spans.at(-1), { isError: false, attributes: { 'partyline.outcome': 'no_media' } });
  t.end();
});

test('joins over WebSockets are traced, and only a trusted proxy says to which trace they belong', async (t) => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const header = (flags: string) => ({ traceparent: `00-${traceId}-00f067aa0ba902b7-${flags}` });
  const outcomes = async (proxies: readonly string[], headers: Record<string, string>) => {
    const spans: Span[] = [];
    const { open } = await startSignalingServer(t, {
      spans: { add: (span) => spans.push(span) },
      proxies: new TrustedProxies(proxies),
    });
    const ada = await open(headers);
    await ada.join('lobby', 'Ada');
    ada.send({ type: 'leave' });
    ada.send({ type: 'ping' });
    await ada.next('pong');
    return spans.map((span) => [span.name, span.attributes['partyline.outcome'], span.traceId === traceId]);
  };
  const left = (isTheirs: boolean) => [
    ['admission', undefined, isTheirs],
    ['offer', undefined, isTheirs],
    ['join', 'left', isTheirs],
  ];
  t.strictSame(await outcomes(['127.0.0.1'], header('01')), left(true));
  t.strictSame(await outcomes(['127.0.0.1'], header('00')), [], 'the proxy keeps no trace of this one');
  t.strictSame(await outcomes(['127.0.0.1'], {}), left(false));
  t.strictSame(await outcomes([], header('01')), left(false));
  t.strictSame(await outcomes([], header('00')), left(false), 'nobody else can hide');
});

test('whoever comes back to sound that went on has joined at once', async (t) => {
  const spans: Span[] = [];
  const { open, plane } = await startSignalingServer(t, { spans: { add: (span) => spans.push(span) } });
  const ada = await open();
  const { resumeToken } = await ada.join('lobby', 'Ada');
  ada.send({ type: 'offer', sdp: 'hello' });
  await ada.next('answer');
  plane.openSeats[0]!.options.events.reached?.();
  plane.openSeats[0]!.connect();
  t.strictSame(
    spans.map(({ name }) => name),
    ['admission', 'offer', 'answer', 'ice', 'dtls', 'join'],
  );
  ada.socket.terminate();
  const again = await open();
  await again.join('lobby', 'Ada', resumeToken);
  t.match(spans.at(-1), { attributes: { 'partyline.outcome': 'connected', 'partyline.resumes': true } });
});
