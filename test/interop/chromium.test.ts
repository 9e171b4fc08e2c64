import { readFileSync } from 'node:fs';
import { type Test, test } from 'tap';
import { launchChromium, type VoiceBrowser } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { missingForBrowsers } from '../helpers/private-network.ts';
import { broadcastWith, startBroadcasting } from './broadcasting.ts';
import { meet } from './meeting.ts';
import { pageStack } from './page-stack.ts';
import { NEW_DIRECTIONS, RESTARTS, SHAPES } from './shapes.ts';

/** It always hears: a track that was not received for a while stays silent in the page's Web Audio. */
const CHANGES = [...NEW_DIRECTIONS, ...RESTARTS].filter(({ direction }) => direction !== 'sendonly');

test('Chromium hears and is heard, whatever it offers', { skip: skipIfMissing(missingForBrowsers) }, async (t) => {
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const page = await chromium.blankPage();
  const stack = await pageStack(page);
  await meet(t, stack, {
    bundlePolicies: ['balanced', 'max-compat', 'max-bundle'],
    shapes: () => SHAPES,
    changes: CHANGES,
  });
  await broadcastWith(t, stack, { bundlePolicy: 'balanced', restarts: true });
  await t.test('the page in docs/broadcast.md plays a room, also from another site', (t) =>
    listenAsDocumented(t, chromium),
  );
});

async function listenAsDocumented(t: Test, chromium: VoiceBrowser): Promise<void> {
  const document = readFileSync(new URL('../../docs/broadcast.md', import.meta.url), 'utf8');
  const [, html = ''] = /^```html\n(.*?)^```$/ms.exec(document) ?? [];
  const { server } = await startBroadcasting(t, ['--allow-origins', '*']);
  const page = await chromium.blankPage();
  await page.setContent(html.replaceAll('https://voice.example.org/', server.url));
  await eventually(async () => {
    const seconds = Number(await page.evaluate(`document.querySelector('audio').currentTime`));
    return seconds > 0.5 || `it has played ${seconds} s`;
  });
  t.equal((await server.metrics()).sum('partyline_listeners'), 1);
  await page.close();
  await eventually(
    async () => (await server.metrics()).sum('partyline_listeners') === 0 || 'the session has not ended',
  );
}
