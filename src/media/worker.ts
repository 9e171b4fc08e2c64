/** The entry of a media worker thread: an engine between its media port and the messages of the control plane. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../lib/clock.ts';
import { MediaPort } from '../rtc/media-port.ts';
import { MediaEngine } from './engine.ts';
import { Heartbeat } from './heartbeat.ts';
import type { WorkerMessage, WorkerSetup } from './host.ts';
import type { MediaCommand } from './messages.ts';

if (parentPort === null) throw new Error('this file is the entry of a worker thread');
const parent = parentPort;
const say = (message: WorkerMessage): void => parent.postMessage(message);

async function run(setup: WorkerSetup): Promise<void> {
  let port: MediaPort;
  try {
    port = await MediaPort.open({ ...setup, clock: systemClock });
  } catch (error) {
    say({ type: 'not_listening', message: error instanceof Error ? error.message : String(error) });
    parent.close();
    return;
  }
  const engine = new MediaEngine({
    port,
    clock: systemClock,
    heartbeat: new Heartbeat(setup.heartbeat),
    emit: (event) => say({ type: 'event', event }),
  });
  parent.on('message', (command: MediaCommand) => {
    engine.handle(command);
    // With the engine closed and nobody listening, the thread ends by itself.
    if (command.type === 'close') parent.close();
  });
  say({ type: 'listening', addresses: port.addresses });
}

void run(workerData as WorkerSetup);
