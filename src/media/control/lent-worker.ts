/** A worker of this server that has rooms of another one, and the connection over which that one commands it. */
import type { Duplex } from 'node:stream';
import type { Clock } from '../../lib/clock.ts';
import { MessageStream } from '../link/message-stream.ts';
import { remoteCommandSchema } from '../link/remote-messages.ts';
import type { WorkerSlot } from './worker-slot.ts';

/** @param stream authenticated; it is closed when the worker dies, and the other server's people are kept for a while when it closes */
export function lendWorker(stream: Duplex, slot: WorkerSlot, clock: Clock): void {
  const mediaPort = slot.addresses.find(({ protocol }) => protocol === 'udp')?.port;
  if (mediaPort === undefined) {
    stream.on('error', () => {});
    stream.destroy();
    return;
  }
  const messages = new MessageStream({
    stream,
    clock,
    onMessage: (message) => {
      const { success, data } = remoteCommandSchema.safeParse(message);
      if (success) guest.handle(data);
      else {
        messages.close();
        guest.orphan();
      }
    },
    onClosed: () => guest.orphan(),
  });
  const guest = slot.guests.admit({ tell: (event) => messages.send(event), over: () => messages.close() });
  messages.send({ type: 'reach', candidates: slot.candidates, mediaPort });
}
