/** One media engine and the way to it: in this thread or in a worker thread, the same from outside. */
import { Worker } from 'node:worker_threads';
import type { Clock } from '../lib/clock.ts';
import type { MediaAddress } from '../rtc/datagram-port.ts';
import { MediaPort } from '../rtc/media-port.ts';
import { MediaEngine } from './engine.ts';
import type { MediaCommand, MediaEvent } from './messages.ts';

/** A thread that has not ended by then is not going to. */
const CLOSE_TIMEOUT_MS = 1000;

export interface MediaHostEvents {
  event(event: MediaEvent): void;
  /** The engine is gone without having been closed. */
  died(reason: string): void;
}

export interface MediaHost {
  /** Where the engine receives media. */
  readonly addresses: readonly MediaAddress[];
  post(command: MediaCommand): void;
  close(): Promise<void>;
}

/** What the worker thread is given: where to receive media. */
export interface WorkerSetup {
  readonly hosts: readonly string[];
  readonly port: number;
  readonly tcp: boolean;
}

export interface MediaHostOptions extends WorkerSetup {
  readonly events: MediaHostEvents;
}

export type WorkerMessage =
  | { readonly type: 'listening'; readonly addresses: readonly MediaAddress[] }
  | { readonly type: 'not_listening'; readonly message: string }
  | { readonly type: 'event'; readonly event: MediaEvent };

/** Rejects with an Error in words if the port cannot be bound. */
export async function startInThisThread(options: MediaHostOptions, clock: Clock): Promise<MediaHost> {
  const port = await MediaPort.open({ ...options, clock });
  const engine = new MediaEngine({ port, clock, emit: options.events.event });
  return { addresses: port.addresses, post: (command) => engine.handle(command), close: () => engine.close() };
}

/** Rejects with an Error in words if the port cannot be bound or the thread does not start. */
export async function startInWorker(
  options: MediaHostOptions,
  { entry, name, clock }: { readonly entry: URL; readonly name: string; readonly clock: Clock },
): Promise<MediaHost> {
  const setup: WorkerSetup = { hosts: options.hosts, port: options.port, tcp: options.tcp };
  const worker = new Worker(entry, { name, workerData: setup });
  const exited = new Promise<string>((resolve) => {
    worker.once('error', (error) => resolve(error.stack ?? error.message));
    worker.once('exit', (code) => resolve(`exited with code ${code}`));
  });
  const first = await Promise.race([
    exited.then((message): WorkerMessage => ({ type: 'not_listening', message })),
    new Promise<WorkerMessage>((resolve) => worker.once('message', resolve)),
  ]);
  if (first.type !== 'listening') {
    void worker.terminate();
    throw new Error(first.type === 'not_listening' ? first.message : 'the media worker did not start');
  }
  return new WorkerHost({ worker, addresses: first.addresses, exited, events: options.events, clock });
}

interface WorkerHostOptions {
  readonly worker: Worker;
  readonly addresses: readonly MediaAddress[];
  readonly exited: Promise<string>;
  readonly events: MediaHostEvents;
  readonly clock: Clock;
}

class WorkerHost implements MediaHost {
  readonly addresses: readonly MediaAddress[];
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #exited: Promise<string>;
  #closing = false;

  constructor({ worker, addresses, exited, events, clock }: WorkerHostOptions) {
    this.#clock = clock;
    this.addresses = addresses;
    this.#worker = worker;
    this.#exited = exited;
    worker.on('message', (message: WorkerMessage) => {
      if (message.type === 'event' && !this.#closing) events.event(message.event);
    });
    void exited.then((reason) => {
      if (!this.#closing) events.died(reason);
    });
  }

  post(command: MediaCommand): void {
    this.#worker.postMessage(command);
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#worker.postMessage({ type: 'close' } satisfies MediaCommand);
    const cancel = this.#clock.setTimer(this.#clock.now() + CLOSE_TIMEOUT_MS, () => void this.#worker.terminate());
    await this.#exited;
    cancel();
  }
}
