/** The entry of a media worker thread: an engine between its media port and the messages of the control plane. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../lib/clock.ts';
import { opusCodec } from '../../mixer/codec/opus.ts';
import { MediaPort } from '../../rtc/net/media-port.ts';
import { CodecGate } from '../link/codec-gate.ts';
import { Heartbeat } from '../link/heartbeat.ts';
import { RelayedTcpPort } from '../link/tcp-relay.ts';
import type { WorkerInput, WorkerMessage, WorkerSetup } from '../link/thread-messages.ts';
import { MediaEngine } from './engine.ts';
import { gatedCodec } from './gated-codec.ts';

if (parentPort === null) throw new Error('this file is the entry of a worker thread');
const parent = parentPort;
const say = (message: WorkerMessage): void => parent.postMessage(message);

async function run(setup: WorkerSetup): Promise<void> {
  const relayed = new RelayedTcpPort({ memory: setup.relay, post: (reply) => say({ type: 'relay', reply }) });
  let port: MediaPort;
  try {
    port = await MediaPort.open({ ...setup, relayed, clock: systemClock });
  } catch (error) {
    say({ type: 'not_listening', message: error instanceof Error ? error.message : String(error) });
    parent.close();
    return;
  }
  const engine = new MediaEngine({
    port,
    clock: systemClock,
    codec: gatedCodec(opusCodec, new CodecGate(setup.gate)),
    heartbeat: new Heartbeat(setup.heartbeat, systemClock.now()),
    emit: (event) => say({ type: 'event', event }),
  });
  parent.on('message', (input: WorkerInput) => {
    if (input.type === 'relay') {
      relayed.handle(input.message);
      return;
    }
    engine.handle(input);
    // With the engine closed and no listener, the thread ends by itself.
    if (input.type === 'close') parent.close();
  });
  say({ type: 'listening', addresses: port.addresses });
}

void run(workerData as WorkerSetup);
