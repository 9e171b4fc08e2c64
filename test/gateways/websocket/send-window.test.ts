import { test } from 'tap';
import { SendWindow } from '../../../src/gateways/websocket/send-window.ts';
import { SendWindow as WindowOfClient } from '../../../web/sdk/websocket-media/send-window.ts';

/** That of the server and that of the client. */
const BOTH = [SendWindow, WindowOfClient];

/** A path on which frames and acknowledgements take `oneWayMs`, with a frame each 20 ms as long as it is not behind. */
function run(Window: (typeof BOTH)[number], oneWayMs: (nowMs: number) => number, untilMs: number, backMs = oneWayMs) {
  const window = new Window();
  const arrivals: { readonly sequence: number; readonly atMs: number }[] = [];
  const acknowledgements: { readonly sequence: number; readonly heldMs: number; readonly atMs: number }[] = [];
  const delays: number[] = [];
  let dropped = 0;
  let got = { sequence: 0, atMs: 0 };
  const sentAt = new Map<number, number>();
  for (let now = 0; now < untilMs; now += 10) {
    while ((arrivals[0]?.atMs ?? Number.POSITIVE_INFINITY) <= now) {
      got = arrivals.shift()!;
      delays.push(now - sentAt.get(got.sequence)!);
    }
    if (now % 100 === 50 && got.sequence > 0)
      acknowledgements.push({ sequence: got.sequence, heldMs: now - got.atMs, atMs: now + backMs(now) });
    while ((acknowledgements[0]?.atMs ?? Number.POSITIVE_INFINITY) <= now)
      window.acknowledge(acknowledgements.shift()!, now);
    if (now % 20 !== 0) continue;
    if (window.isBehind(now)) dropped++;
    else {
      const sequence = window.sent(now);
      sentAt.set(sequence, now);
      // TCP keeps the order.
      arrivals.push({ sequence, atMs: Math.max(now + oneWayMs(now), arrivals.at(-1)?.atMs ?? 0) });
    }
  }
  return { dropped, delays };
}

test('on a path that works nothing is dropped, however long it is', (t) => {
  for (const Window of BOTH) {
    for (const oneWayMs of [1, 50, 150, 290]) t.equal(run(Window, () => oneWayMs, 20_000).dropped, 0, `${oneWayMs} ms`);
  }
  t.end();
});

test('a path that stands still has little on it when it goes on', (t) => {
  for (const Window of BOTH) {
    // Everything sent between 5 and 9 s comes at 9 s.
    const { dropped, delays } = run(Window, (now) => (now >= 5000 && now < 9000 ? 9020 - now : 20), 12_000);
    t.ok(dropped > 150, `${dropped} frames are dropped`);
    const late = delays.filter((delayMs) => delayMs > 100);
    t.ok(late.length < 25, `${late.length} frames come late`);
    t.same(
      delays.slice(-50).filter((delayMs) => delayMs > 20),
      [],
      'the next ones are in time',
    );
  }
  t.end();
});

test('a queue that grows is kept below 300 ms', (t) => {
  for (const Window of BOTH) {
    // The path takes less than what is sent.
    let free = 0;
    const queue = (now: number) => {
      free = Math.max(now, free) + 30;
      return free - now + 20;
    };
    const { delays, dropped } = run(Window, queue, 30_000, () => 20);
    t.ok(dropped > 0);
    t.ok(Math.max(...delays) <= 350, `${Math.max(...delays)} ms`);
  }
  t.end();
});

test('before the first acknowledgement it sends for less than a second', (t) => {
  for (const Window of BOTH) {
    const window = new Window();
    t.equal(window.isBehind(0), false);
    for (let now = 0; now < 780; now += 20) {
      t.equal(window.isBehind(now), false);
      window.sent(now);
    }
    t.equal(window.isBehind(780), false);
    t.equal(window.isBehind(781), true);
  }
  t.end();
});

test('acknowledgements of what was never sent, or before others, count for nothing', (t) => {
  for (const Window of BOTH) {
    const window = new Window();
    t.equal(window.sent(0), 1);
    t.equal(window.sent(20), 2);
    window.acknowledge({ sequence: 3, heldMs: 0 }, 30);
    t.equal(window.isBehind(10_000), true);
    window.acknowledge({ sequence: 2, heldMs: 0 }, 40);
    t.equal(window.isBehind(10_000), false);
    window.sent(10_000);
    window.acknowledge({ sequence: 1, heldMs: 0 }, 10_010);
    // Now the round trip is known.
    t.equal(window.isBehind(10_200), false);
    t.equal(window.isBehind(10_201), true);
    window.acknowledge({ sequence: 3, heldMs: 10_000 }, 10_400);
    t.equal(window.isBehind(20_000), false, 'one that cannot be is no round trip');
    for (let n = 0; n < 64; n++) window.sent(20_000);
    t.equal(window.isBehind(20_000), true, 'many at once');
  }
  t.end();
});
