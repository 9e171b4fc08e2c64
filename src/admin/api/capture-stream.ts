/** A capture of one participant as a growing response body. */
import { Readable } from 'node:stream';
import { pcapFileHeader } from '../../formats/pcap.ts';
import type { Millis } from '../../lib/clock.ts';
import type { Capture } from '../../rooms/capture.ts';
import type { Participant } from '../../rooms/participant.ts';

export interface CaptureStreamOptions {
  readonly durationMs: Millis;
  readonly maxBytes: number;
}

/** Two minutes of speech in both directions, for a reader that pauses. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;

/**
 * A capture file that grows while the capture runs. The capture ends when its reader stops. Throws `AppError`
 * `unknown_participant` or `capture_running`.
 */
export function captureStream(participant: Participant, { durationMs, maxBytes }: CaptureStreamOptions): Readable {
  const stream = new Readable({
    read: () => {},
    destroy: (error, done) => {
      capture.end('stopped');
      done(error);
    },
  });
  stream.push(pcapFileHeader());
  const capture: Capture = participant.capture({
    durationMs,
    maxBytes,
    records: (bytes) => {
      stream.push(bytes);
      if (stream.readableLength > MAX_UNREAD_BYTES) capture.end('stopped');
    },
    ended: () => stream.push(null),
  });
  return stream;
}
