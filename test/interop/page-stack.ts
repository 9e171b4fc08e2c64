import { readFileSync } from 'node:fs';
import type { Page } from 'puppeteer-core';
import { type HeardMessage, readHeard, type Stack } from './stack.ts';

const CLIENT = readFileSync(new URL('clients/page.js', import.meta.url), 'utf8');

/** The WebRTC of a browser: all connections belong to this page. The caller closes the browser. */
export async function pageStack(page: Page): Promise<Stack> {
  await page.evaluate(CLIENT);
  const call = (method: string, ...args: unknown[]): Promise<unknown> =>
    page.evaluate(`interop.${method}(${args.map((value) => JSON.stringify(value)).join(', ')})`);
  return {
    offer: async (connection, options) => String(await call('offer', connection, options)),
    offerAgain: async (connection, change) => String(await call('offerAgain', connection, change)),
    accept: async (connection, answer) => void (await call('accept', connection, answer)),
    listen: async (connection, ms) => readHeard((await call('listen', connection, ms)) as HeardMessage),
    hangUp: async (connection) => void (await call('hangUp', connection)),
    close: async () => {},
  };
}
