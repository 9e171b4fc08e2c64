/** Programs that run beside a test and listen on a TCP port. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A busy machine may take many seconds to start a program. */
const ATTEMPTS = 1200;
const ATTEMPT_MS = 50;

/** Resolves when somebody accepts connections there. Rejects when `child` has ended, or after a minute. */
export async function answering(child: ChildProcess, port: number, address = '127.0.0.1'): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    const socket = connect({ host: address, port });
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await sleep(ATTEMPT_MS);
    } finally {
      socket.destroy();
    }
  }
  throw new Error(`nobody answers at port ${port}`);
}

/** Kills it. Resolves when it has ended. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
