import type { VoicePacket } from '../../formats/voice-packet.ts';
import { RTP_HEADER_LENGTH, type RtpHeader } from './rtp-packet.ts';

const NO_PAYLOAD = new Uint8Array(0);
/** Does not fit in V8's small integers (31 bits and a sign), as half of all timestamps and SSRCs do not. */
const LARGE = 0xffff_ffff;

/**
 * The packet that an endpoint is receiving. There is one object per endpoint, reused for all packets. The fields have
 * initial values of their general kind: V8 then gives all these objects one layout for ever, so that parsing a header
 * stores numbers directly in place of looking the layout up for each field.
 */
export class ReceivedPacket implements RtpHeader, VoicePacket {
  payloadType = 0;
  sequenceNumber = 0;
  timestamp = LARGE;
  ssrc = LARGE;
  marker = false;
  hasPadding = false;
  headerLength = RTP_HEADER_LENGTH;
  levelDbov: number | null = null;
  payload: Uint8Array = NO_PAYLOAD;
  redundant = false;
}
