/**
 * The text messages of `/media`, over which sound goes where WebRTC does not get through. `docs/protocol.md` documents
 * them and the binary form of sound.
 */
import { z } from 'zod';
import { MAX_NAME_LENGTH, MAX_RESUME_TOKEN_LENGTH, MAX_SDP_LENGTH } from './bounds.ts';

export const mediaSocketMessageSchema = z.discriminatedUnion('type', [
  /** The first message, once: whose sound this is. */
  z.strictObject({
    type: z.literal('attach'),
    room: z.string().max(MAX_NAME_LENGTH),
    /** From the message `joined` of `/ws`. */
    resumeToken: z.string().max(MAX_RESUME_TOKEN_LENGTH),
    /** The mix may be in stereo. */
    stereo: z.boolean().default(false),
  }),
  /** Tries whether WebRTC gets through now. The connection takes over once it is established. */
  z.strictObject({ type: z.literal('offer'), sdp: z.string().max(MAX_SDP_LENGTH) }),
]);
export type MediaSocketMessage = z.output<typeof mediaSocketMessageSchema>;
export type MediaSocketMessageInput = z.input<typeof mediaSocketMessageSchema>;
