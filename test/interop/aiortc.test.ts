import { test } from 'tap';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { enterPrivateNetwork } from '../helpers/private-address.ts';
import { meet } from './meeting.ts';
import { NEW_DIRECTIONS, SHAPES } from './shapes.ts';
import { startProgram } from './stack.ts';

const missing = enterPrivateNetwork(['python3-aiortc']);

test('aiortc hears and is heard, whatever it offers', { skip: skipIfMissing(missing) }, async (t) => {
  const aiortc = startProgram('/usr/bin/python3', 'aiortc_client.py');
  t.teardown(() => aiortc.close());
  await meet(t, aiortc, { bundlePolicies: [null], shapes: () => SHAPES, changes: NEW_DIRECTIONS });
});
