/** Creates the media plane of a server: with worker threads or, with `--workers 0`, in this thread. */
import type { Clock } from '../lib/clock.ts';
import type { MediaHost, MediaHostOptions } from '../media/control/host.ts';
import { openMediaPlane, startWorkerThread } from '../media/control/media-plane.ts';
import type { MediaPlane, MediaPlaneOptions } from '../media/plane.ts';
import { MediaEngine } from '../media/worker/engine.ts';
import { MediaPort } from '../rtc/net/media-port.ts';

/** Rejects with an explanatory Error if a media port cannot be bound or an announced name cannot be resolved. */
export function createMediaPlane(options: MediaPlaneOptions): Promise<MediaPlane> {
  const { workers, clock } = options;
  return openMediaPlane(
    options,
    workers === 0 ? (place) => startInThisThread(place, clock) : startWorkerThread(options),
  );
}

/** Rejects with an explanatory Error if the port cannot be bound. */
async function startInThisThread(options: MediaHostOptions, clock: Clock): Promise<MediaHost> {
  const port = await MediaPort.open({ ...options, clock });
  const engine = new MediaEngine({ port, clock, emit: options.events.event });
  return {
    addresses: port.addresses,
    tickAgeMs: () => engine.tickAgeMs(),
    post: (command) => engine.handle(command),
    acceptTcp: (socket) => (port.tcp === null ? socket.destroy() : port.tcp.accept(socket)),
    close: () => engine.close(),
  };
}
