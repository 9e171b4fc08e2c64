import { packetSamples } from '../../../src/formats/opus-packet.ts';
import { RtpReceiver } from '../../../src/gateways/rtp/rtp-receiver.ts';
import { RtpSender } from '../../../src/gateways/rtp/rtp-sender.ts';
import { parseSdesKey } from '../../../src/gateways/rtp/sdes-key.ts';
import { payloadOf } from '../../helpers/packet-stream.ts';
import { type FuzzTarget, hold, joinFrames, splitFrames } from '../target.ts';

const key = parseSdesKey(Buffer.alloc(30, 7).toString('base64'));
/** The last byte of a frame says who sends it. */
const [STUDIO, OTHER] = [0, 1];

function packets(payloadType: number, ssrc: number, isEncrypted: boolean, who: number): Uint8Array[] {
  const sender = new RtpSender({ payloadType, ssrc, key: isEncrypted ? key : null });
  return [1, 2, 3].map((n) => Buffer.concat([sender.packet(payloadOf(n), n * 960), Buffer.of(who)]));
}

/** What arrives at a port of plain RTP. */
export const rtpInput: FuzzTarget = {
  name: 'rtp-input',
  files: ['src/gateways/rtp/rtp-receiver.ts'],
  framed: true,
  seeds: () => [
    joinFrames(packets(97, 5, false, STUDIO)),
    joinFrames([...packets(97, 5, false, STUDIO), ...packets(111, 6, false, OTHER)]),
    joinFrames([...packets(97, 5, true, OTHER), ...packets(97, 6, true, STUDIO)]),
  ],
  run: (input) => {
    for (const receiver of [
      new RtpReceiver({ source: null, key: null, nowMs: 0 }),
      new RtpReceiver({ source: null, key, nowMs: 0 }),
    ]) {
      let source: string | null = null;
      let dropped = 0;
      const frames = splitFrames(input).filter(({ length }) => length > 0);
      for (const [n, frame] of frames.entries()) {
        const from = frame.at(-1) === STUDIO ? 'studio' : 'other';
        const { ssrc } = receiver;
        if (receiver.receive(frame.slice(0, -1), from, n * 400) === 'dropped') {
          dropped++;
          hold(receiver.source === source && receiver.ssrc === ssrc, 'what is dropped changes nothing');
          continue;
        }
        hold(source === null || source === from, 'one sender is heard');
        hold(packetSamples(receiver.packet.payload) > 0, 'what is heard is a packet of Opus');
        source = from;
      }
      const counted = Object.values(receiver.dropped).reduce((sum, count) => sum + count, 0);
      hold(counted === dropped && receiver.packets + dropped === frames.length, 'every packet is counted once');
    }
  },
};
