import { test } from 'tap';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { enterPrivateNetwork } from '../helpers/private-address.ts';
import { meet } from './meeting.ts';
import { shapesWith, withoutData } from './shapes.ts';
import { startProgram } from './stack.ts';

const missing = enterPrivateNetwork([]);

/** werift writes an inactive section with port 0, which gives the section up (RFC 3264 section 6). */
const SHAPES = shapesWith({
  sections: 'audio:inactive',
  isHeard: false,
  hears: false,
  refusal: /Section 1 has port 0/,
});

test('werift hears and is heard, whatever it offers without data', { skip: skipIfMissing(missing) }, async (t) => {
  const werift = startProgram(process.execPath, 'werift.mjs');
  t.teardown(() => werift.close());
  await meet(t, werift, {
    bundlePolicies: ['max-compat', 'max-bundle', 'disable'],
    shapes: () => withoutData(SHAPES),
    // Its handshakes and packets are JavaScript in a single thread.
    atOnce: 3,
    // On a busy machine werift repeats its ClientHello, and mistakes the second HelloVerifyRequest for an error.
    attempts: 3,
  });
});
