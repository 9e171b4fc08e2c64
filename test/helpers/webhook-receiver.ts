import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedWebhook {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests name the fields that they look at.
  readonly event: any;
  /** According to Standard Webhooks, with the secret of the test. */
  readonly verified: boolean;
}

export interface WebhookReceiver {
  readonly url: string;
  readonly received: ReceivedWebhook[];
  /** The status that it answers from now on; null for no answer. */
  answer(status: number | null): void;
  close(): void;
}

/** A program that receives webhooks. `secret` is base64 after `whsec_`. */
export async function startWebhookReceiver(secret: string): Promise<WebhookReceiver> {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const received: ReceivedWebhook[] = [];
  let status: number | null = 204;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const { headers } = request;
      const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${text}`;
      const verified =
        headers['webhook-signature'] === `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
      received.push({ headers, text, event: JSON.parse(text), verified });
      if (status !== null) response.writeHead(status).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    answer: (next) => {
      status = next;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
