/** A site of somebody else that uses a voice server, and somebody who uses that server's own page. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';
import { launchChromium, type VoiceBrowser } from './browsers.ts';
import { eventually } from './eventually.ts';
import { PRIVATE_ADDRESS } from './private-address.ts';
import { BUILT_SERVER, startServerProcess } from './server-process.ts';
import type { VoicePage } from './voice-page.ts';

export const TONE = { kind: 'tone', frequencyHz: 440, gain: 0.3 } as const;

/** A site of somebody else, which has these files. */
async function startSite(t: Test) {
  const files = new Map<string, string>();
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const body = files.get(path);
    const type = path.endsWith('.js') ? 'text/javascript' : 'text/html';
    // Browsers ask for an icon.
    if (path === '/favicon.ico') response.writeHead(204).end();
    else if (body === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  // Another host than that of the voice server, which is shown as 127.0.0.1.
  return { files, origin: `http://localhost:${(server.address() as AddressInfo).port}` };
}

/** A voice server that allows the site's origin, and a browser. All end with the test. */
export async function startServerAndSite(t: Test) {
  const site = await startSite(t);
  const server = await startServerProcess(BUILT_SERVER, [
    ...['--media-host', PRIVATE_ADDRESS, '--allow-origins', site.origin, '--frame-ancestors', site.origin],
  ]);
  t.teardown(() => server.stop());
  const { port } = new URL(server.url);
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  return { site, chromium, server: `http://127.0.0.1:${port}` };
}

/** Somebody in the room by the server's own page, who makes a sound. */
export async function visit(chromium: VoiceBrowser, server: string, room: string): Promise<VoicePage> {
  const page = await chromium.open(`${server}/room/${room}`, { microphone: TONE });
  await page.join({ name: 'Ben' });
  await page.waitForSound();
  return page;
}

/** Waits until this page shows that somebody speaks. */
export async function hears(page: VoicePage, name: string): Promise<void> {
  await eventually(async () => {
    const people = await page.participants();
    return people.some((person) => person.name === name && person.isSpeaking) || JSON.stringify(people);
  });
}

/** Waits until this expression is true in the page. */
export async function becomes({ page }: VoicePage, expression: string): Promise<void> {
  await eventually(async () => (await page.evaluate(expression)) === true || expression);
}

/** Waits until an element of the page has such a text. */
export async function reads(page: VoicePage, selector: string, wanted: RegExp): Promise<void> {
  await eventually(async () => {
    const text = String(await page.page.evaluate(`document.querySelector('${selector}')?.textContent`));
    return wanted.test(text) || `${selector}: ${text}`;
  });
}
