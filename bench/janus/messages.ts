import { z } from 'zod';

/** The messages over Janus' WebSocket that a client joining a room reads. All others are `other`. */
export type JanusMessage =
  /** `id` is the session or handle that the client asked for. */
  | { readonly kind: 'success'; readonly transaction: string; readonly id: number | undefined }
  /** The plugin's answer to a request. `answerSdp` is present if the request offered a session description. */
  | {
      readonly kind: 'event';
      readonly transaction: string;
      /** `joined`, `event` and so on. */
      readonly event: string;
      readonly answerSdp: string | undefined;
    }
  /** From the core or from the plugin. */
  | { readonly kind: 'error'; readonly transaction: string | undefined; readonly reason: string }
  | { readonly kind: 'other' };

const success = z.object({
  janus: z.literal('success'),
  transaction: z.string(),
  data: z.object({ id: z.int() }).optional(),
});
const error = z.object({
  janus: z.literal('error'),
  transaction: z.string().optional(),
  error: z.object({ code: z.int(), reason: z.string() }),
});
const event = z.object({
  janus: z.literal('event'),
  transaction: z.string(),
  plugindata: z.object({
    data: z.object({ audiobridge: z.string(), error: z.string().optional(), error_code: z.int().optional() }),
  }),
  jsep: z.object({ type: z.literal('answer'), sdp: z.string() }).optional(),
});
const answer = z.discriminatedUnion('janus', [success, error, event]);

/**
 * Never throws. A message that it cannot read is `other`, and a caller that waits for something else runs into a
 * timeout.
 */
export function parseJanusMessage(text: string): JanusMessage {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: 'other' };
  }
  const { data: message } = answer.safeParse(json);
  switch (message?.janus) {
    case 'success':
      return { kind: 'success', transaction: message.transaction, id: message.data?.id };
    case 'error': {
      const { code, reason } = message.error;
      return { kind: 'error', transaction: message.transaction, reason: `${reason} (${code})` };
    }
    case 'event': {
      const { transaction, jsep } = message;
      const { audiobridge, error: reason, error_code: code } = message.plugindata.data;
      if (code !== undefined) return { kind: 'error', transaction, reason: `${reason} (${code})` };
      return { kind: 'event', transaction, event: audiobridge, answerSdp: jsep?.sdp };
    }
    case undefined:
      return { kind: 'other' };
  }
}
