import { test } from 'tap';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { missingForBrowsers } from '../helpers/private-network.ts';
import { meet } from './meeting.ts';
import { pageStack } from './page-stack.ts';
import { SHAPES } from './shapes.ts';

test('Chromium hears and is heard, whatever it offers', { skip: skipIfMissing(missingForBrowsers) }, async (t) => {
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const page = await chromium.blankPage();
  await meet(t, await pageStack(page), {
    bundlePolicies: ['balanced', 'max-compat', 'max-bundle'],
    shapes: () => SHAPES,
  });
});
