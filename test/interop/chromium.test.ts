import { test } from 'tap';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { missingForBrowsers } from '../helpers/private-network.ts';
import { meet } from './meeting.ts';
import { pageStack } from './page-stack.ts';
import { NEW_DIRECTIONS, RESTARTS, SHAPES } from './shapes.ts';

/** It always hears: a track that was not received for a while stays silent in the page's Web Audio. */
const CHANGES = [...NEW_DIRECTIONS, ...RESTARTS].filter(({ direction }) => direction !== 'sendonly');

test('Chromium hears and is heard, whatever it offers', { skip: skipIfMissing(missingForBrowsers) }, async (t) => {
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const page = await chromium.blankPage();
  await meet(t, await pageStack(page), {
    bundlePolicies: ['balanced', 'max-compat', 'max-bundle'],
    shapes: () => SHAPES,
    changes: CHANGES,
  });
});
