/** Webhook signatures according to Standard Webhooks (standardwebhooks.com, version 1). */
import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';
const BASE64 = /^[A-Za-z\d+/]+={0,2}$/;
const MIN_BYTES = 24;
const MAX_BYTES = 64;

/**
 * The key of a secret in base64, with or without the prefix `whsec_`; null if it is invalid or does not have 24 to 64
 * bytes.
 */
export function parseWebhookSecret(text: string): Buffer | null {
  const encoded = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text;
  if (!BASE64.test(encoded)) return null;
  const key = Buffer.from(encoded, 'base64');
  return key.length >= MIN_BYTES && key.length <= MAX_BYTES ? key : null;
}

export interface SignedMessage {
  readonly id: string;
  /** Seconds since 1970. */
  readonly timestampS: number;
  readonly body: string;
}

/** The signature headers of a message. The signature covers its id, its time and its exact bytes. */
export function webhookHeaders(key: Buffer, { id, timestampS, body }: SignedMessage): Record<string, string> {
  const signature = createHmac('sha256', key).update(`${id}.${timestampS}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(timestampS), 'webhook-signature': `v1,${signature}` };
}
