import { type ChildProcess, fork } from 'node:child_process';
import type { DriverAnswers, DriverCommand, DriverRequest, DriverResponse } from '../client/messages.ts';

/**
 * V8 flags for the process that runs the participants. Each packet that Node reads leaves garbage, and in a process
 * with few other objects it would be collected more often than needed, which takes CPU time from the server.
 */
const RARE_COLLECTIONS = ['--heap-growing-percent=1000', '--no-memory-reducer'];

/** The process that runs the participants, seen from the benchmark. */
export class Driver {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, { resolve(result: never): void; reject(error: Error): void }>();
  #nextId = 0;

  /** `entry` is the built `bench/client/main.ts`. */
  constructor(entry: URL) {
    this.#child = fork(entry, { execArgv: RARE_COLLECTIONS, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (response: DriverResponse) => {
      const pending = this.#pending.get(response.id);
      this.#pending.delete(response.id);
      if ('error' in response) pending?.reject(new Error(response.error));
      else pending?.resolve(response.result as never);
    });
    this.#child.on('exit', (code) => {
      for (const pending of this.#pending.values())
        pending.reject(new Error(`the load client ended with code ${code}`));
      this.#pending.clear();
    });
  }

  /** Rejects with what went wrong in the other process. */
  ask<C extends DriverCommand>(command: C): Promise<DriverAnswers[C['type']]> {
    const request: DriverRequest = { id: this.#nextId++, command };
    return new Promise((resolve, reject) => {
      this.#pending.set(request.id, { resolve, reject });
      this.#child.send(request, (error) => {
        if (error === null || !this.#pending.delete(request.id)) return;
        reject(new Error('the load client has ended', { cause: error }));
      });
    });
  }

  close(): void {
    if (this.#child.connected) this.#child.disconnect();
  }
}
