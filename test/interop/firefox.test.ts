import { test } from 'tap';
import { launchFirefox } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { missingForBrowsers } from '../helpers/private-network.ts';
import { broadcastWith } from './broadcasting.ts';
import { meet } from './meeting.ts';
import { pageStack } from './page-stack.ts';
import { NEW_DIRECTIONS, RESTARTS, SHAPES } from './shapes.ts';

/** It always hears: a track that was not received for a while stays silent in the page's Web Audio. */
const CHANGES = [...NEW_DIRECTIONS, ...RESTARTS].filter(({ direction }) => direction !== 'sendonly');

test('Firefox hears and is heard, whatever it offers', { skip: skipIfMissing(missingForBrowsers) }, async (t) => {
  const firefox = await launchFirefox();
  t.teardown(() => firefox.close());
  const page = await firefox.blankPage();
  const stack = await pageStack(page);
  await meet(t, stack, {
    bundlePolicies: ['balanced', 'max-compat', 'max-bundle'],
    shapes: () => SHAPES,
    changes: CHANGES,
  });
  await broadcastWith(t, stack, { bundlePolicy: 'balanced', restarts: true });
});
