/** Frames of sound as they go over the WebSocket; `docs/protocol.md` describes them. */

const HEADER_LENGTH = 16;
const OPUS = 1;
const ACKNOWLEDGEMENT = 3;
const STARTS = 1;
const LEVEL_KNOWN = 0x80;
const TWO_TO_32 = 2 ** 32;

/** What goes up. */
export interface VoiceFrame {
  /** From 1, one more for each frame. */
  readonly sequence: number;
  /** In samples at 48 kHz. */
  readonly time: number;
  /** RFC 6464: 0 is full scale, -127 is silence. */
  readonly levelDbov: number;
  /** One Opus packet. */
  readonly packet: Uint8Array;
}

export type ReceivedFrame =
  | {
      readonly kind: 'sound';
      /** The first one after a silence. */
      readonly starts: boolean;
      readonly sequence: number;
      readonly packet: Uint8Array;
    }
  | {
      readonly kind: 'acknowledgement';
      /** Of the last frame that has come to the other end; 0 if none has. */
      readonly sequence: number;
      /** How long ago that was. */
      readonly heldMs: number;
    };

export function writeVoice({ sequence, time, levelDbov, packet }: VoiceFrame): ArrayBuffer {
  const bytes = new ArrayBuffer(HEADER_LENGTH + packet.length);
  const view = new DataView(bytes);
  view.setUint8(0, OPUS);
  view.setUint16(2, LEVEL_KNOWN | Math.max(0, Math.min(127, Math.round(-levelDbov))));
  view.setUint32(4, sequence);
  view.setUint32(8, Math.floor(time / TWO_TO_32));
  view.setUint32(12, time % TWO_TO_32);
  new Uint8Array(bytes, HEADER_LENGTH).set(packet);
  return bytes;
}

export function writeAcknowledgement(sequence: number, heldMs: number): ArrayBuffer {
  const bytes = new ArrayBuffer(HEADER_LENGTH);
  const view = new DataView(bytes);
  view.setUint8(0, ACKNOWLEDGEMENT);
  view.setUint32(4, sequence);
  view.setUint32(12, Math.max(0, Math.round(heldMs)));
  return bytes;
}

/** Undefined for what later versions of the server may send. */
export function readFrame(bytes: ArrayBuffer): ReceivedFrame | undefined {
  if (bytes.byteLength < HEADER_LENGTH) return undefined;
  const view = new DataView(bytes);
  const sequence = view.getUint32(4);
  switch (view.getUint8(0)) {
    case OPUS:
      return {
        kind: 'sound',
        starts: (view.getUint8(1) & STARTS) !== 0,
        sequence,
        packet: new Uint8Array(bytes, HEADER_LENGTH),
      };
    case ACKNOWLEDGEMENT:
      return { kind: 'acknowledgement', sequence, heldMs: view.getUint32(12) };
    default:
      return undefined;
  }
}
