/** What a node says about itself to the others, and a signature that keeps strangers out. */
import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { isSameSecret } from '../lib/same-secret.ts';

const MAX_RECORD_LENGTH = 4096;

const schema = z.object({
  node: z.string().min(1).max(64),
  incarnation: z.string().max(64),
  version: z.string().max(64),
  /** Where clients find it: the URL of its WebSocket, or a path behind the same name. */
  url: z.string().max(500),
  /** Where other nodes reach its HTTP port. */
  peer: z.string().max(500),
  region: z.string().max(64),
  /** Of the busiest media worker, from 0 to 1. */
  load: z.number().min(0).max(100),
  rooms: z.number(),
  people: z.number(),
  /** It takes no new rooms. */
  draining: z.boolean(),
  /** Those that should be the same everywhere, as text. */
  settings: z.record(z.string().max(64), z.string().max(64)).optional(),
});

export type NodeRecord = Readonly<z.output<typeof schema>>;

/** Whoever can write to the engine can stop the cluster, but not lead people to a machine of their own. */
export function signRecord(record: NodeRecord, secret: string): string {
  const text = JSON.stringify(record);
  return `${signatureOf(text, secret)} ${text}`;
}

/** Undefined if it is not signed with this secret, or not of this node. */
export function readRecord(node: string, signed: string, secret: string): NodeRecord | undefined {
  if (signed.length > MAX_RECORD_LENGTH) return undefined;
  const [signature = '', text = ''] = signed.split(/ (.*)/s);
  if (!isSameSecret(signature, signatureOf(text, secret))) return undefined;
  const parsed = schema.safeParse(JSON.parse(text));
  return parsed.success && parsed.data.node === node ? parsed.data : undefined;
}

function signatureOf(text: string, secret: string): string {
  return createHmac('sha256', secret).update(`partyline node ${text}`).digest('base64url');
}
