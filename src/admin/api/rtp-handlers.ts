/** The operations of the REST API on plain RTP. */
import { Readable } from 'node:stream';
import type { Handlers } from '../../protocol/api/operations.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';
import type { RoomRtp } from '../../rooms/rtp.ts';

export interface RtpHandlerOptions {
  readonly registry: RoomRegistry;
  readonly rtp: RoomRtp;
}

export function rtpHandlers({
  registry,
  rtp,
}: RtpHandlerOptions): Pick<Handlers, 'startRtpInput' | 'startRtpOutput' | 'listRtp' | 'getRtpSdp' | 'endRtp'> {
  return {
    startRtpInput: ({ params, body }) => rtp.startInput(registry.room(params.room), body),
    startRtpOutput: ({ params, body }) => rtp.startOutput(registry.room(params.room), body),
    listRtp: ({ params }) => {
      const { inputs, outputs } = rtp.list(registry.room(params.room));
      return { inputs: [...inputs], outputs: [...outputs] };
    },
    getRtpSdp: ({ params }) => {
      const sdp = Buffer.from(rtp.sdp(registry.room(params.room), params.stream));
      return {
        contentType: 'application/sdp',
        name: `${params.stream}.sdp`,
        size: sdp.length,
        takesRanges: false,
        open: () => Readable.from([sdp]),
      };
    },
    endRtp: ({ params }) => void rtp.end(registry.room(params.room), params.stream),
  };
}
