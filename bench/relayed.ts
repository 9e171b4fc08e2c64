/** What the packets of relayed members cost on their way between the main thread and a worker: `npm run bench -- relayed`. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { WorkerRelay } from '../src/media/control/worker-relay.ts';
import type { MediaCommand } from '../src/media/link/messages.ts';
import { RelayedTraffic } from '../src/media/worker/relayed-traffic.ts';

const TICKS = 3000;
const PAYLOAD = new Uint8Array(80).fill(1);
PAYLOAD[0] = 0xf8;
const FLAGS = { queued: false, startsStream: false };

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const clock = { now: () => 0, wallNow: () => 0, setTimer: () => () => {} };
const { port1, port2 } = new MessageChannel();

/** Through a real port, so that messages are copied as between threads. */
function posted<M>(message: M): M {
  port1.postMessage(message);
  return (receiveMessageOnPort(port2) as { message: M }).message;
}

interface Cost {
  readonly microseconds: number;
  readonly heapBytes: number;
}

function measure(packets: number, run: () => void): Cost {
  for (let tick = 0; tick < TICKS; tick++) run();
  collect();
  // Collections in between only make this figure too small, so short runs are added up.
  let heap = 0;
  let used = 0;
  for (let round = 0; round < TICKS / 10; round++) {
    const before = process.memoryUsage().heapUsed;
    const start = process.cpuUsage();
    for (let tick = 0; tick < 10; tick++) run();
    const { user, system } = process.cpuUsage(start);
    used += user + system;
    heap += Math.max(0, process.memoryUsage().heapUsed - before);
  }
  return { microseconds: used / TICKS / packets, heapBytes: heap / TICKS / packets };
}

function costs(members: number): { readonly sent: Cost; readonly mixed: Cost } {
  const traffic = new RelayedTraffic(() => {});
  let command: MediaCommand | undefined;
  let heard = 0;
  const relay = new WorkerRelay(clock, (posting) => {
    command = posting;
  });
  const events = {
    sourceChanged: () => {},
    directionChanged: () => {},
    silent: () => {},
    moved: () => {},
    closed: () => {},
    packet: () => heard++,
  };
  const endpoints = Array.from({ length: members }, (_, id) => {
    relay.add(id, { mix: () => heard++ });
    return traffic.open(id, { speaks: true, listens: true }, events);
  });
  const packet = { sequenceNumber: 0, timestamp: 0, payload: PAYLOAD, levelDbov: -20 };
  const sent = measure(members, () => {
    for (let id = 0; id < members; id++) relay.send(id, packet, FLAGS);
    relay.flush();
    const { packets } = posted(command as Extract<MediaCommand, { type: 'relayed_packets' }>);
    traffic.receive(packets, 0);
  });
  let tick = 1;
  const mixed = measure(members, () => {
    for (const endpoint of endpoints) endpoint.send(PAYLOAD, 0, false, 0);
    const packets = traffic.take(5 * tick++ + 1);
    if (packets === null) throw new Error('nothing was posted');
    relay.receive(posted(packets));
    traffic.taken();
  });
  return { sent, mixed };
}

const row = ({ microseconds, heapBytes }: Cost) => `${microseconds.toFixed(2)} µs, ${heapBytes.toFixed(0)} B of heap`;
console.log('For each packet of 80 bytes, both threads together, without mixing:');
for (const members of [1, 10, 100]) {
  const { sent, mixed } = costs(members);
  console.log(`  ${String(members).padStart(3)} members: sent ${row(sent)}; mix ${row(mixed)}`);
}
port1.close();
