/** The operations of the REST API on plain RTP; part of `OPERATIONS`. */
import type { Operation } from './operations.ts';
import {
  newRtpInputSchema,
  newRtpOutputSchema,
  rtpInputSchema,
  rtpListSchema,
  rtpOutputSchema,
} from './rtp-schemas.ts';

const rtp = '/rooms/{room}/rtp';

export const RTP_OPERATIONS = {
  startRtpInput: {
    method: 'post',
    path: `${rtp}/inputs`,
    tag: 'forwards',
    summary: 'Take sound into a room by RTP',
    description:
      'Opens a UDP port at the address of the setting `rtp-in` for Opus in RTP, or in SRTP with a key (AES_CM_128_HMAC_SHA1_80). What arrives is heard as a participant with a mark. Only one address is heard, and one stream (SSRC) at a time. It ends when its participant leaves or is removed, and with its room.',
    body: newRtpInputSchema,
    answer: { status: 201, schema: rtpInputSchema },
    errors: [
      ...(['unknown_room', 'rtp_off', 'rtp_port_taken', 'too_many_rtp', 'invalid_name', 'room_locked'] as const),
      ...(['room_full', 'server_draining', 'media_unavailable', 'server_busy'] as const),
    ],
  },
  startRtpOutput: {
    method: 'post',
    path: `${rtp}/outputs`,
    tag: 'forwards',
    summary: 'Send the sound of a room by RTP',
    description:
      'Only to targets that the setting `rtp-targets` names. A packet of Opus every 20 ms, also while the room is silent. It counts as a listener of the room, and ends with the room.',
    body: newRtpOutputSchema,
    answer: { status: 201, schema: rtpOutputSchema },
    errors: ['unknown_room', 'forbidden_target', 'too_many_rtp', 'media_unavailable', 'server_busy'],
  },
  listRtp: {
    method: 'get',
    path: rtp,
    tag: 'forwards',
    summary: 'Inputs and outputs of a room by RTP, oldest first',
    answer: { status: 200, schema: rtpListSchema },
    errors: ['unknown_room'],
  },
  getRtpSdp: {
    method: 'get',
    path: `${rtp}/{stream}.sdp`,
    tag: 'forwards',
    summary: 'The session description of an output, for its player; with the key',
    download: ['application/sdp'],
    errors: ['unknown_room', 'unknown_rtp'],
  },
  endRtp: {
    method: 'delete',
    path: `${rtp}/{stream}`,
    tag: 'forwards',
    summary: 'End an input or an output',
    errors: ['unknown_room', 'unknown_rtp'],
  },
} as const satisfies Record<string, Operation>;
