/** The data of the REST API about plain RTP, in both directions. */
import { z } from 'zod';
import { MAX_NAME_LENGTH } from '../bounds.ts';

const MAX_TARGET_LENGTH = 300;
/** RFC 3551 section 3: dynamic ones. */
const PAYLOAD_TYPES = { first: 96, last: 127, usual: 111 } as const;

const count = () => z.number().min(0);
const time = () => z.string().meta({ format: 'date-time' });
const port = () => z.int().min(1).max(65_535);
const source = () => z.enum(['music', 'voice']).describe('`voice`: it is levelled like people are.');
/** 30 bytes: a key of 16 and a salt of 14. */
const sdesKey = () => z.string().regex(/^[A-Za-z0-9+/]{40}$/);

/** `POST /rooms/{room}/rtp/inputs` */
export const newRtpInputSchema = z.strictObject({
  name: z.string().min(1).max(MAX_NAME_LENGTH).default('Stream').describe('What the room sees.'),
  source: source().default('music'),
  port: port().optional().describe('The UDP port; omitted: the system chooses one.'),
  from: z
    .union([z.ipv4(), z.ipv6()])
    .optional()
    .describe('The only address that is heard; omitted: that of the first packet.'),
  key: sdesKey().optional().describe('For SRTP: 30 bytes in base64, key and salt. Never shown again.'),
});

/** `POST /rooms/{room}/rtp/outputs` */
export const newRtpOutputSchema = z.strictObject({
  target: z
    .string()
    .min(1)
    .max(MAX_TARGET_LENGTH)
    .describe('Address or host name and port, such as `192.0.2.1:5004` or `[2001:db8::1]:5004`.'),
  payloadType: z.int().min(PAYLOAD_TYPES.first).max(PAYLOAD_TYPES.last).default(PAYLOAD_TYPES.usual),
  key: sdesKey().optional().describe('For SRTP: 30 bytes in base64, key and salt. Only the SDP shows it again.'),
});

export const rtpInputSchema = z.strictObject({
  id: z.string(),
  room: z.string(),
  name: z.string(),
  source: source(),
  participant: z.string().describe('Its id as a participant.'),
  address: z.string().describe('Where it takes packets.'),
  port: port(),
  from: z
    .string()
    .nullable()
    .describe('The address that is heard; null before the first packet, and with `show-addresses` off.'),
  encrypted: z.boolean(),
  ssrc: count().nullable().describe('The stream that was heard last.'),
  heard: z.boolean().describe('A packet has come within the last second.'),
  since: time(),
  packets: count().describe('Those that were accepted.'),
  dropped: z.strictObject({
    otherSource: count().describe('From another address.'),
    otherStream: count().describe('Of another stream (SSRC) within a second after the last packet.'),
    malformed: count().describe('Not RTP with Opus and a payload type from 96 to 127.'),
    unauthentic: count().describe('SRTP with another key, or repeated.'),
    tooMany: count().describe('More than 500 a second.'),
  }),
});

export const rtpOutputSchema = z.strictObject({
  id: z.string(),
  room: z.string(),
  target: z.string(),
  payloadType: z.number(),
  encrypted: z.boolean(),
  ssrc: count(),
  state: z.enum(['connected', 'failed']).describe('`failed`: it is tried again every second.'),
  since: time(),
  packetsSent: count(),
  failures: count().describe('Packets that were not sent, or that nobody takes there.'),
});

export const rtpListSchema = z.strictObject({
  inputs: z.array(rtpInputSchema),
  outputs: z.array(rtpOutputSchema),
});
