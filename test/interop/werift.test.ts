import { test } from 'tap';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { enterPrivateNetwork } from '../helpers/private-address.ts';
import { meet } from './meeting.ts';
import { NEW_DIRECTIONS, RESTARTS, shapesWith, withOneSection } from './shapes.ts';
import { startProgram } from './stack.ts';

const missing = enterPrivateNetwork([]);

/** werift writes an inactive section with port 0, which gives the section up (RFC 3264 section 6). */
const SHAPES = shapesWith({
  sections: 'audio:inactive',
  isHeard: false,
  hears: false,
  refusal: /Section 1 has port 0/,
});

test('werift is heard and hears, whatever it offers', { skip: skipIfMissing(missing) }, async (t) => {
  const werift = startProgram(process.execPath, 'werift.mjs');
  t.teardown(() => werift.close());
  await meet(t, werift, {
    bundlePolicies: ['max-compat', 'max-bundle', 'disable'],
    // werift reports no connection while a transport of a refused section is missing.
    shapes: (bundlePolicy) => (bundlePolicy === 'disable' ? withOneSection(SHAPES) : SHAPES),
    // Its handshakes and packets are JavaScript in one thread.
    atOnce: 3,
    // On a busy machine werift repeats its ClientHello, and mistakes the second HelloVerifyRequest for an error.
    attempts: 3,
    changes: [...NEW_DIRECTIONS, ...RESTARTS],
  });
});
