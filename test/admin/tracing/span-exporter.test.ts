import pino from 'pino';
import { test } from 'tap';
import { SpanExporter } from '../../../src/admin/tracing/span-exporter.ts';
import type { Post, PostRequest } from '../../../src/admin/webhooks/post.ts';
import type { Span } from '../../../src/lib/span.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { otlpRequest, type ReceivedSpan } from '../../helpers/otlp-receiver.ts';

const URL = 'http://127.0.0.1:4318/v1/traces';

function setUp() {
  const clock = new FakeClock();
  const requests: PostRequest[] = [];
  const warnings: { lost: number; reason: string }[] = [];
  let answer: () => ReturnType<Post> = async () => ({ status: 200, retryAfterMs: null });
  const exporter = new SpanExporter({
    url: URL,
    version: '1.2.3',
    clock,
    log: pino({ level: 'warn' }, { write: (line) => warnings.push(JSON.parse(line)) }),
    post: (request) => {
      requests.push(request);
      return answer();
    },
  });
  const add = (count: number) => {
    for (let index = 0; index < count; index++) exporter.add(spanNamed(`span ${index}`));
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    clock,
    requests,
    warnings,
    exporter,
    add,
    respond: (next: typeof answer) => {
      answer = next;
    },
    pass: async (ms: number) => {
      clock.advance(ms);
      await settle();
    },
  };
}

function spanNamed(name: string): Span {
  const ids = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };
  return { ...ids, name, startMs: 1_796_100_000_000, endMs: 1_796_100_000_001, attributes: {}, isError: false };
}

function namesIn({ body }: PostRequest): string[] {
  const [spans] = otlpRequest.parse(JSON.parse(body)).resourceSpans;
  return (spans?.scopeSpans[0]?.spans ?? []).map(({ name }: ReceivedSpan) => name);
}

test('spans wait two seconds for others and go out together', async (t) => {
  const { requests, add, pass, exporter } = setUp();
  add(1);
  await pass(1999);
  t.equal(requests.length, 0);
  add(2);
  await pass(1);
  t.equal(requests.length, 1);
  t.match(requests[0], { url: URL, timeoutMs: 5000 });
  t.strictSame(namesIn(requests[0]!), ['span 0', 'span 0', 'span 1']);
  await pass(10_000);
  t.equal(requests.length, 1, 'nothing is sent when there is nothing');
  await exporter.close(1000);
  t.equal(requests.length, 1);
});

test('a slow receiver gets one request at a time, and what waits has a bound', async (t) => {
  const { requests, warnings, add, pass, respond, exporter } = setUp();
  let go: (answer: Awaited<ReturnType<Post>>) => void = () => {};
  respond(() => new Promise((resolve) => (go = resolve)));
  add(1);
  await pass(2000);
  add(620);
  await pass(60_000);
  t.equal(requests.length, 1);
  t.match(warnings, [{ lost: 1, reason: 'the receiver is too slow' }], 'one warning');
  respond(async () => ({ status: 200, retryAfterMs: null }));
  go({ status: 200, retryAfterMs: null });
  await pass(0);
  for (let index = 0; index < 10; index++) await pass(2000);
  const sizes = requests.slice(1).map((request) => namesIn(request).length);
  t.strictSame(sizes, [100, 100, 100, 100, 100], 'five hundred are kept, in bounded requests');
  t.equal(namesIn(requests[1]!)[0], 'span 120', 'the newest');
  await exporter.close(0);
});

test('what is not taken is lost, with a warning every ten minutes, and the next spans are sent', async (t) => {
  const { requests, warnings, add, pass, respond, exporter } = setUp();
  respond(async () => ({ status: 503, retryAfterMs: null }));
  add(3);
  await pass(2000);
  respond(async () => {
    throw new Error('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:4318') });
  });
  add(2);
  await pass(2000);
  t.equal(requests.length, 2);
  t.match(warnings, [{ lost: 3, reason: 'it answered with HTTP status 503', msg: 'traces were not delivered' }]);
  await pass(600_000);
  add(4);
  await pass(2000);
  t.match(warnings[1], { lost: 6, reason: 'connect ECONNREFUSED 127.0.0.1:4318' });
  t.equal(warnings.length, 2);
  await exporter.close(0);
});

test('at the end everything is sent, within a limit, and nothing afterwards', async (t) => {
  const { clock, requests, add, respond, exporter } = setUp();
  add(150);
  await exporter.close(1000);
  t.strictSame(
    requests.map((request) => namesIn(request).length),
    [100, 50],
  );
  add(1);
  await exporter.close(1000);
  t.equal(requests.length, 2);
  t.equal(clock.pendingTimers, 0);

  const stuck = setUp();
  stuck.respond(() => new Promise(() => {}));
  stuck.add(1);
  const closing = stuck.exporter.close(1000);
  await new Promise((resolve) => setImmediate(resolve));
  stuck.clock.advance(1000);
  await closing;
  t.equal(stuck.requests[0]?.signal.aborted, true);
  respond(async () => ({ status: 200, retryAfterMs: null }));
});
