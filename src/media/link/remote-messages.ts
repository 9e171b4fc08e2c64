/**
 * What a server that has a room and one that lends it a worker say to each other: the commands and events of a worker
 * that make sense there. Both ends check what the other says, and every number and text in it has a bound.
 */
import { z } from 'zod';

const MAX_ID = Number.MAX_SAFE_INTEGER;
const MAX_HEARING = 500;
const MAX_SPEAKERS = 2000;
const MAX_NETWORKS = 20_000;
/** Larger than any datagram. */
const MAX_BYTES = 65_536;

const id = z.number().int().min(1).max(MAX_ID);
const bytes = (max: number) =>
  z
    .base64()
    .max(Math.ceil(max / 3) * 4)
    .transform((text) => new Uint8Array(Buffer.from(text, 'base64')));
const text = z.string().max(256);
const ssrc = z.number().int().min(1).max(0xffff_ffff);
const payloadType = z.number().int().min(0).max(127);
const ipAddress = z.union([z.ipv4(), z.ipv6()]);
const port = z.number().int().min(1).max(65_535);

const mix = z.object({ maxTalkers: z.number().int().min(0).max(1000), levelling: z.boolean() });
const state = z.object({
  muted: z.boolean(),
  deafened: z.boolean(),
  hearing: z.array(z.object({ seatId: id, gain: z.number().min(0).max(100) })).max(MAX_HEARING),
});
const direction = z.enum(['sendrecv', 'sendonly', 'recvonly', 'inactive']);
const credentials = z.object({ localUfrag: text, localPassword: text, remoteUfrag: text });
const masterKey = z.object({ key: bytes(32), salt: bytes(32) });

const webrtc = z.object({
  kind: z.literal('webrtc'),
  parameters: z.object({
    ...credentials.shape,
    localSsrc: ssrc,
    cname: text,
    opusPayloadType: payloadType,
    sentOpusPayloadType: payloadType,
    takesStereo: z.boolean(),
    redPayloadType: payloadType.nullable(),
    audioLevelExtensionId: z.number().int().min(1).max(255).nullable(),
    direction,
  }),
});
const link = z.object({
  kind: z.literal('link'),
  parameters: z.object({
    localKey: masterKey,
    remoteKey: masterKey,
    localSsrc: ssrc,
    remoteSsrc: ssrc,
    from: ipAddress,
    to: z.object({ address: ipAddress, port }),
  }),
});

/** From the server that has the room, about rooms and members by its own numbers. */
export const remoteCommandSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('open_room'), roomId: id, mix }),
  z.object({ type: z.literal('set_mix'), roomId: id, mix }),
  z.object({ type: z.literal('close_room'), roomId: id }),
  z.object({
    type: z.literal('add_member'),
    memberId: id,
    roomId: id,
    endpoint: z.discriminatedUnion('kind', [webrtc, link]),
    kind: z.enum(['voice', 'music', 'leaf', 'home']).default('voice'),
    state,
  }),
  z.object({ type: z.literal('set_state'), memberId: id, state }),
  z.object({ type: z.literal('move_member'), memberId: id, roomId: id, state }),
  z.object({ type: z.literal('remove_member'), memberId: id }),
  z.object({ type: z.literal('restart_ice'), memberId: id, credentials }),
  z.object({ type: z.literal('set_direction'), memberId: id, direction }),
  z.object({
    type: z.literal('set_keys'),
    memberId: id,
    keys: z.object({
      profile: z.enum(['AEAD_AES_128_GCM', 'AES128_CM_HMAC_SHA1_80']),
      local: masterKey,
      remote: masterKey,
    }),
  }),
  z.object({ type: z.literal('send_dtls'), memberId: id, datagram: bytes(MAX_BYTES) }),
]);

export type RemoteCommand = z.output<typeof remoteCommandSchema>;

const reception = z.object({ lossRatio: z.number(), jitterMs: z.number() }).nullable();

/** From the server that lends its worker. */
export const remoteEventSchema = z.discriminatedUnion('type', [
  /** Where clients and links reach the worker; the first thing that is said. */
  z.object({
    type: z.literal('reach'),
    candidates: z.array(z.object({ protocol: z.enum(['udp', 'tcp']), address: ipAddress, port })).max(64),
    mediaPort: port,
  }),
  /** Once a second. */
  z.object({
    type: z.literal('load'),
    utilization: z.number().min(0).max(100),
    overloadLevel: z.number().int().min(0).max(10),
  }),
  z.object({ type: z.literal('dtls'), memberId: id, datagram: bytes(MAX_BYTES) }),
  z.object({ type: z.literal('member_silent'), memberId: id, silent: z.boolean() }),
  z.object({ type: z.literal('member_moved'), memberId: id }),
  z.object({ type: z.literal('member_closed'), memberId: id, reason: z.enum(['silent', 'media_failed']) }),
  z.object({
    type: z.literal('levels'),
    roomId: id,
    speaking: z.array(z.number().int().min(-127).max(MAX_ID)).max(MAX_SPEAKERS),
  }),
  z.object({
    type: z.literal('networks'),
    networks: z
      .array(
        z.object({
          memberId: id,
          network: z.object({ incoming: reception, outgoing: reception, roundTripMs: z.number().nullable() }),
        }),
      )
      .max(MAX_NETWORKS),
  }),
]);

export type RemoteEvent = z.output<typeof remoteEventSchema>;
