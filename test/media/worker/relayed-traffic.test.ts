import { test } from 'tap';
import { forEachMixPacket, SentPacketWriter } from '../../../src/media/link/relayed-packets.ts';
import { RelayedTraffic } from '../../../src/media/worker/relayed-traffic.ts';
import { payloadOf } from '../../helpers/packet-stream.ts';

/** A packet that is too much for the member's mixer. */
const BROKEN = 99;

function setUp() {
  const failed: [number, string][] = [];
  const traffic = new RelayedTraffic((id, error) => failed.push([id, String(error)]));
  const heard: [number, number][] = [];
  const open = (id: number) =>
    traffic.open(
      id,
      { speaks: true, listens: true },
      {
        sourceChanged: () => heard.push([id, -1]),
        directionChanged: () => {},
        packet: ({ payload }) => {
          if (payload[1] === BROKEN) throw new Error('broken');
          heard.push([id, payload[1]!]);
        },
        silent: () => {},
        moved: () => {},
        closed: () => {},
      },
    );
  const read = (bytes: Uint8Array | null) => {
    const found: string[] = [];
    if (bytes !== null)
      forEachMixPacket(bytes, {
        mix: (id, payload, timestamp) => found.push(`mix ${id} ${payload[1]} ${timestamp}`),
        played: (id, samples) => found.push(`played ${id} ${samples}`),
      });
    return found;
  };
  const send = (memberId: number, n: number, queued = false, startsStream = false) => {
    const writer = new SentPacketWriter();
    writer.add(
      memberId,
      { sequenceNumber: n, timestamp: n, payload: payloadOf(n), levelDbov: null },
      { queued, startsStream },
    );
    traffic.receive(writer.take()!, 5);
  };
  return { traffic, failed, heard, open, read, send };
}

test('packets find their member, and those for members who are gone nobody', (t) => {
  const { traffic, heard, open, send } = setUp();
  open(1);
  const second = open(2);
  t.equal(traffic.size, 2);
  send(1, 10);
  send(2, 20, false, true);
  send(3, 30);
  send(2, 21, true);
  t.same(heard, [
    [1, 10],
    [2, -1],
    [2, 20],
  ]);
  traffic.play(1, 20);
  t.same(heard.at(-1), [2, 21]);
  second.close();
  t.equal(traffic.size, 1);
  send(2, 22);
  t.equal(heard.length, 4);
  t.end();
});

test('mixes of a tick leave together, with what was played every 100 ms', (t) => {
  const { traffic, open, read, send } = setUp();
  const [first, second] = [open(1), open(2)];
  first.send(payloadOf(5), 960, false, 0);
  second.send(payloadOf(6), 960, false, 0);
  send(1, 1, true);
  traffic.play(1, 20);
  t.same(read(traffic.take(1)), ['mix 1 5 960', 'mix 2 6 960']);
  t.equal(traffic.take(2), null);
  t.same(read(traffic.take(5)), ['played 1 960']);
  t.equal(traffic.take(10), null);
  t.end();
});

test('a second of mixes waits for a busy control plane, and no more', (t) => {
  const { traffic, open, read, send } = setUp();
  const endpoint = open(1);
  let posted = 0;
  const run = (ticks: number) => {
    for (let tick = 1; tick <= ticks; tick++) {
      endpoint.send(payloadOf(1), 0, false, 0);
      if (traffic.take(tick) !== null) posted++;
    }
  };
  run(80);
  t.same([posted, traffic.dropped], [50, 30]);
  send(1, 1, true);
  traffic.play(1, 20);
  t.equal(traffic.take(5), null, 'what was played is not lost with it');
  traffic.taken();
  run(4);
  t.same([posted, traffic.dropped], [51, 33]);
  traffic.taken();
  t.same(read(traffic.take(5)), ['played 1 960']);
  t.end();
});

test('an error of one member is told, and the others go on', (t) => {
  const { traffic, failed, heard, open, send } = setUp();
  open(1);
  open(2);
  send(1, BROKEN);
  send(1, BROKEN, true);
  send(2, 8, true);
  traffic.play(1, 20);
  t.same(failed, [
    [1, 'Error: broken'],
    [1, 'Error: broken'],
  ]);
  t.same(heard, [[2, 8]]);
  t.end();
});
