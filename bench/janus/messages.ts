import { z } from 'zod';

/** What a server sends over Janus' WebSocket, as far as a client that joins a room reads it; the rest is `other`. */
export type JanusMessage =
  /** `id` is that of the session or handle that was asked for. */
  | { readonly kind: 'success'; readonly transaction: string; readonly id: number | undefined }
  /** The plugin's answer to a request. `answerSdp` is there when a session description was offered. */
  | {
      readonly kind: 'event';
      readonly transaction: string;
      /** `joined`, `event` … */
      readonly event: string;
      readonly answerSdp: string | undefined;
    }
  /** Of the core, or of the plugin. */
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

/** Never throws: what is not understood is `other`, and whoever waits for something else runs into a timeout. */
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
