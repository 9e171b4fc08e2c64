import { test } from 'tap';
import { launchChromium, launchFirefox } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';

const INLINE_SCRIPT = `document.body.append(Object.assign(document.createElement('script'), { text: 'hacked = 1' }))`;
const FOREIGN_IMAGE = `new Image().src = 'http://127.0.0.1:9/spy.png'`;

test('the page obeys its Content-Security-Policy, and violations are noticed', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  const server = await startServerProcess(BUILT_SERVER, ['--media-host', PRIVATE_ADDRESS]);
  t.teardown(() => server.stop());
  for (const launch of [launchChromium, launchFirefox]) {
    const browser = await launch();
    t.teardown(() => browser.close());
    const told: string[] = [];
    const page = await browser.open(server.url, {
      microphone: { kind: 'tone', frequencyHz: 440, gain: 0.1 },
      onPolicyViolation: (text) => told.push(text),
    });
    await page.join({ name: 'Ada', mode: 'muted' });
    await page.waitFor('participant');
    t.same(told, [], `${browser.name}: by itself the page violates nothing`);
    await page.page.evaluate(INLINE_SCRIPT);
    await page.page.evaluate(FOREIGN_IMAGE);
    await eventually(() => ['script-src', 'img-src'].every((name) => told.some((text) => text.includes(name))));
    t.equal(await page.page.evaluate('typeof hacked'), 'undefined', `${browser.name} enforces it`);
    await page.close();
  }
});
