import { test } from 'tap';
import { WorkerRelay } from '../../../src/media/control/worker-relay.ts';
import type { MediaCommand } from '../../../src/media/link/messages.ts';
import { MixPacketWriter, SentPacketReader } from '../../../src/media/link/relayed-packets.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const FLAGS = { queued: false, startsStream: false };
const PACKET = { sequenceNumber: 1, timestamp: 2, payload: Uint8Array.of(0xf8, 3), levelDbov: null };

function setUp() {
  const clock = new FakeClock();
  const posted: MediaCommand[] = [];
  const relay = new WorkerRelay(clock, (command) => posted.push(command));
  const members = () =>
    posted.map((command) => {
      if (command.type !== 'relayed_packets') return command.type;
      const reader = new SentPacketReader();
      reader.open(command.packets);
      const found = [];
      while (reader.next()) found.push(reader.memberId);
      return found;
    });
  return { clock, relay, members };
}

test('packets that come together are posted together', (t) => {
  const { clock, relay, members } = setUp();
  for (const id of [1, 2, 1]) t.ok(relay.send(id, PACKET, FLAGS));
  t.same(members(), []);
  clock.advance(0);
  t.same(members(), [[1, 2, 1]]);
  relay.send(3, PACKET, FLAGS);
  relay.flush();
  relay.flush();
  t.same(members(), [[1, 2, 1], [3]]);
  t.equal(clock.pendingTimers, 0);
  relay.send(4, PACKET, FLAGS);
  relay.reset();
  clock.advance(5);
  t.same([members().length, clock.pendingTimers], [2, 0], 'for a worker that is gone');
  t.end();
});

test('mixes reach their seats, and are acknowledged even if nobody is there', (t) => {
  const { relay, members } = setUp();
  const log: unknown[] = [];
  relay.add(1, {
    mix: (payload, timestamp, marker) => log.push([payload[0], timestamp, marker]),
    played: (samples) => log.push(samples),
  });
  relay.add(2, { mix: () => log.push('second') });
  const writer = new MixPacketWriter();
  const fill = () => {
    writer.add(1, Uint8Array.of(8), 960, true);
    writer.add(2, Uint8Array.of(9), 960, true);
    writer.addPlayed(1, 4);
    writer.addPlayed(2, 4);
    writer.addPlayed(3, 4);
    return writer.take()!;
  };
  relay.receive(fill());
  t.same(log, [[8, 960, true], 'second', 4]);
  relay.remove(1);
  relay.receive(fill());
  t.same(log, [[8, 960, true], 'second', 4, 'second']);
  t.same(members(), ['relayed_taken', 'relayed_taken']);
  t.end();
});
