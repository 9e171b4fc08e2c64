import { setTimeout as sleep } from 'node:timers/promises';

const FRAME_MS = 20;

/**
 * Calls `send` every 20 ms with the number of the frame, at once for the first one. Frames that are late because the
 * machine was busy are made up for: a microphone does not lose time either. Returns a function that ends the calls.
 */
export function everyFrame(send: (frame: number) => void): () => void {
  const startMs = performance.now();
  let frame = 0;
  let timer: NodeJS.Timeout;
  const run = () => {
    while (performance.now() >= startMs + frame * FRAME_MS) send(frame++);
    timer = setTimeout(run, startMs + frame * FRAME_MS - performance.now());
  };
  run();
  return () => clearTimeout(timer);
}

/** Does the same for this many frames. Resolves after the last one. */
export async function sendFrames(frames: number, send: (frame: number) => void): Promise<void> {
  const startMs = performance.now();
  for (let frame = 0; frame < frames; frame++) {
    await sleep(Math.max(0, startMs + frame * FRAME_MS - performance.now()));
    send(frame);
  }
}
