import { test } from 'tap';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { enterPrivateNetwork } from '../helpers/private-address.ts';
import { broadcastWith } from './broadcasting.ts';
import { meet } from './meeting.ts';
import { SHAPES, UNCHANGED } from './shapes.ts';
import { startProgram } from './stack.ts';

const missing = enterPrivateNetwork([]);

test('libdatachannel hears and is heard, whatever it offers', {
  skip: skipIfMissing(missing),
}, async (t) => {
  const libdatachannel = startProgram(process.execPath, 'libdatachannel.mjs');
  t.teardown(() => libdatachannel.close());
  await meet(t, libdatachannel, { bundlePolicies: [null], shapes: () => SHAPES, changes: UNCHANGED });
  // OBS uses it, too.
  await broadcastWith(t, libdatachannel);
});
