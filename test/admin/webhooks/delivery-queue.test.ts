import { createHmac } from 'node:crypto';
import pino from 'pino';
import { type Test, test } from 'tap';
import { DeliveryQueue } from '../../../src/admin/webhooks/delivery-queue.ts';
import type { PostAnswer, PostRequest } from '../../../src/admin/webhooks/post.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { createPrng } from '../../helpers/prng.ts';

const KEY = Buffer.alloc(32, 7);
const SEED = Number(process.env['SEED'] ?? 4711);

/** A queue whose receiver is the test: each request waits until `answer` is called. */
function setUp(t: Test) {
  t.comment(`SEED=${SEED}`);
  const clock = new FakeClock();
  const requests: PostRequest[] = [];
  let settle: { resolve: (answer: PostAnswer) => void; reject: (error: Error) => void } | undefined;
  const queue = new DeliveryQueue({
    url: 'http://127.0.0.1:9/hook?secret',
    key: KEY,
    clock,
    log: pino({ level: 'silent' }),
    random: createPrng(SEED),
    post: (request) => {
      requests.push(request);
      return new Promise((resolve, reject) => {
        settle = { resolve, reject };
        request.signal.onabort = () => reject(new Error('aborted'));
      });
    },
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return {
    clock,
    queue,
    requests,
    add: async (id: string) => {
      queue.add({ id, body: `{"id":"${id}"}`, atMs: clock.now() });
      await turn();
    },
    answer: async (status: number, retryAfterMs: number | null = null) => {
      settle?.resolve({ status, retryAfterMs });
      await turn();
    },
    fail: async () => {
      settle?.reject(new TypeError('fetch failed'));
      await turn();
    },
    advance: async (ms: number) => {
      clock.advance(ms);
      await turn();
    },
    ids: () => requests.map(({ headers }) => headers['webhook-id']),
  };
}

test('events that people can cause at will never take the room of others', async (t) => {
  const { queue, clock } = setUp(t);
  const add = (id: string, isMinor: boolean) => queue.add({ id, body: '{}', atMs: clock.now(), isMinor });
  for (let i = 0; i < 600; i++) add(`minor-${i}`, true);
  t.match(queue.figures, { waiting: 500, dropped: 100 });
  for (let i = 0; i < 400; i++) add(`other-${i}`, false);
  t.match(queue.figures, { waiting: 900, dropped: 100 });
});

test('events are sent one at a time, in order, each with a signature of its exact bytes', async (t) => {
  const { add, answer, requests, ids, queue, clock } = setUp(t);
  await add('a');
  await add('b');
  t.same(ids(), ['a'], 'the second waits for the first');
  await answer(204);
  t.same(ids(), ['a', 'b']);
  await answer(200);
  const { url, headers, body } = requests[0]!;
  t.equal(url, 'http://127.0.0.1:9/hook?secret');
  t.equal(headers['webhook-timestamp'], String(clock.epochMs / 1000));
  const signed = createHmac('sha256', KEY)
    .update(`a.${clock.epochMs / 1000}.${body}`)
    .digest('base64');
  t.equal(headers['webhook-signature'], `v1,${signed}`);
  t.same(queue.figures, { host: '127.0.0.1:9', waiting: 0, delivered: 2, failed: 0, dropped: 0 });
  t.equal(clock.pendingTimers, 0);
});

test('a refused event is retried at growing intervals, and nothing overtakes it', async (t) => {
  const { add, answer, fail, advance, ids, clock, queue } = setUp(t);
  await add('a');
  await add('b');
  const delays: number[] = [];
  for (let tries = 1; tries <= 9; tries++) {
    if (tries % 2 === 0) await fail();
    else await answer(tries % 3 === 0 ? 302 : 500);
    const fromMs = clock.now();
    while (ids().length === tries) await advance(10);
    delays.push(clock.now() - fromMs);
  }
  delays.forEach((delay, index) => {
    const most = Math.min(60_000, 500 * 2 ** index);
    t.ok(delay >= most / 2 && delay <= most + 10, `after ${index + 1} failures ${delay} ms, at most ${most}`);
  });
  t.same(new Set(ids()), new Set(['a']));
  await answer(200);
  t.equal(ids().at(-1), 'b');
  await answer(500);
  await advance(500);
  t.equal(ids().length, 12, 'the next event starts with short delays again');
  t.match(queue.figures, { delivered: 1, failed: 10 });
});

test('a receiver that says when to retry is respected, within reason', async (t) => {
  const { add, answer, advance, ids } = setUp(t);
  await add('a');
  await answer(429, 30_000);
  await advance(29_000);
  t.equal(ids().length, 1);
  await advance(1000);
  t.equal(ids().length, 2);
  await answer(503, 86_400_000);
  await advance(60_000);
  t.equal(ids().length, 3);
});

test('an event that is too old makes room for the next', async (t) => {
  const { add, answer, advance, ids, queue } = setUp(t);
  await add('a');
  await answer(500);
  while (ids().at(-1) === 'a' && queue.figures.dropped === 0) {
    await advance(60_000);
    await answer(500);
  }
  t.match(queue.figures, { dropped: 1, waiting: 0 });
  await add('b');
  t.equal(ids().at(-1), 'b');
});

test('an event that is refused for good does not delay the next', async (t) => {
  const forGood = [400, 401, 403, 404, 405, 410, 413, 415, 422, 301, 308, 501];
  const later = [302, 307, 408, 425, 429, 500, 502, 503, 504];
  for (const status of forGood) {
    const { add, answer, ids, queue } = setUp(t);
    await add('a');
    await add('b');
    await answer(status);
    t.same(ids(), ['a', 'b'], `${status}: no time passes`);
    await answer(200);
    t.match(queue.figures, { delivered: 1, failed: 1, dropped: 1, waiting: 0 });
  }
  for (const status of later) {
    const { add, answer, ids, advance } = setUp(t);
    await add('a');
    await add('b');
    await answer(status);
    await advance(500);
    t.same(ids(), ['a', 'a'], `${status}: it is retried`);
  }
});

test('if too many events wait, the oldest is dropped, but not the one being sent', async (t) => {
  const { add, answer, ids, queue } = setUp(t);
  for (let index = 0; index < 1003; index++) await add(`e${index}`);
  t.match(queue.figures, { waiting: 1000, dropped: 3 });
  await answer(200);
  t.same(ids(), ['e0', 'e4']);
});

test('closing sends the remaining events without long pauses, and gives up in time', async (t) => {
  const { add, answer, advance, ids, queue, clock } = setUp(t);
  await add('a');
  await add('b');
  await answer(500);
  let closed = false;
  const closing = queue.close(3000).then(() => {
    closed = true;
  });
  await advance(0);
  t.equal(ids().length, 2, 'the pause is over at once');
  await answer(200);
  t.equal(ids().at(-1), 'b');
  await answer(500);
  await advance(500);
  t.equal(ids().length, 4, 'it is retried soon');
  await advance(2400);
  t.equal(closed, false);
  await advance(100);
  await closing;
  t.match(queue.figures, { delivered: 1, dropped: 1, waiting: 0 });
  t.equal(clock.pendingTimers, 0);
});

test('closing an empty queue takes no time', async (t) => {
  const { queue, clock } = setUp(t);
  await queue.close(3000);
  t.equal(clock.pendingTimers, 0);
});
