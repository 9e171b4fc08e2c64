import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Test, test } from 'tap';
import { createGateMemory } from '../../../src/media/link/codec-gate.ts';
import { createHeartbeatMemory } from '../../../src/media/link/heartbeat.ts';
import { createRelayMemory, type RelayReply } from '../../../src/media/link/tcp-relay.ts';
import type { WorkerInput, WorkerMessage, WorkerSetup } from '../../../src/media/link/thread-messages.ts';
import { writeBindingRequest } from '../../../src/rtc/ice/stun-writer.ts';
import { eventually } from '../../helpers/eventually.ts';

const ENTRY = new URL('../../../dist/worker.js', import.meta.url);
const REMOTE = { address: '192.0.2.7', port: 5000 };

/** A worker thread on a free port of loopback, and what it says. */
function startThread(t: Test, changes: Partial<WorkerSetup> = {}) {
  const setup: WorkerSetup = {
    hosts: ['127.0.0.1'],
    port: 0,
    tcp: false,
    heartbeat: createHeartbeatMemory(),
    gate: createGateMemory(),
    relay: createRelayMemory(),
    ...changes,
  };
  const worker = new Worker(ENTRY, { workerData: setup });
  t.teardown(() => worker.terminate());
  const messages: WorkerMessage[] = [];
  worker.on('message', (message: WorkerMessage) => messages.push(message));
  const exited = once(worker, 'exit').then(([code]) => code as number);
  const post = (input: WorkerInput) => worker.postMessage(input);
  /** The first message of this type, once it is there. */
  const hear = async <T extends WorkerMessage['type']>(type: T) => {
    const find = () => messages.find((message): message is WorkerMessage & { type: T } => message.type === type);
    await eventually(() => find() !== undefined);
    return find()!;
  };
  const lastBeat = () => Atomics.load(new Int32Array(setup.heartbeat), 0);
  return { messages, exited, post, hear, lastBeat };
}

test('the thread says first where it listens, ticks, follows commands, and ends by itself when it is closed', async (t) => {
  const { messages, exited, post, hear, lastBeat } = startThread(t);
  const { addresses } = await hear('listening');
  t.equal(messages[0]!.type, 'listening');
  t.match(addresses, [{ protocol: 'udp', address: '127.0.0.1' }]);
  t.ok(addresses[0]!.port > 0);
  const beat = lastBeat();
  await eventually(() => lastBeat() > beat);
  post({ type: 'remove_member', memberId: 1 });
  post({ type: 'follow_hosts', hosts: ['127.0.0.1'] });
  await eventually(() => messages.some((one) => one.type === 'event' && one.event.type === 'addresses'));
  await eventually(() => messages.some((one) => one.type === 'event' && one.event.type === 'stats'));
  post({ type: 'close' });
  t.equal(await exited, 0);
});

test('a thread that cannot listen says why, and ends', async (t) => {
  const first = startThread(t);
  const { addresses } = await first.hear('listening');
  const { messages, exited, hear } = startThread(t, { port: addresses[0]!.port });
  const { message } = await hear('not_listening');
  t.match(message, new RegExp(`${addresses[0]!.port}`));
  t.equal(await exited, 0);
  t.equal(messages.length, 1);
  first.post({ type: 'close' });
  t.equal(await first.exited, 0);
});

test('a TCP connection whose socket is elsewhere is a path of its member', async (t) => {
  const { exited, post, hear } = startThread(t, { tcp: true, sharedTcp: { host: '127.0.0.1', port: 443 } });
  await hear('listening');
  post({ type: 'open_room', roomId: 1, mix: { maxTalkers: 0, levelling: false } });
  post({
    type: 'add_member',
    memberId: 5,
    roomId: 1,
    state: { muted: false, deafened: false, hearing: [] },
    endpoint: {
      kind: 'webrtc',
      parameters: {
        localUfrag: 'server',
        localPassword: 'secret',
        remoteUfrag: 'peer',
        localSsrc: 1,
        cname: 'mixer',
        opusPayloadType: 111,
        redPayloadType: null,
        audioLevelExtensionId: null,
        direction: 'sendrecv',
      },
    },
  });
  post({ type: 'relay', message: { type: 'opened', connection: 3, remote: REMOTE, local: undefined } });
  const datagram = writeBindingRequest({
    transactionId: Buffer.alloc(12, 7),
    username: 'server:peer',
    key: 'secret',
    priority: 1,
    tieBreaker: 1n,
    useCandidate: true,
  });
  post({ type: 'relay', message: { type: 'datagram', connection: 3, datagram } });
  const { reply } = await hear('relay');
  t.match(reply satisfies RelayReply, { connection: 3 });
  post({ type: 'close' });
  t.equal(await exited, 0);
});
