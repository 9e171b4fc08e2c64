import { test } from 'tap';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { enterPrivateNetwork } from '../helpers/private-address.ts';
import { meet } from './meeting.ts';
import { SHAPES } from './shapes.ts';
import { type Change, startProgram } from './stack.ts';

/** An offer in which nothing is new; its binding cannot change more. */
const UNCHANGED: readonly Change[] = [{ direction: 'sendrecv', iceRestart: false }];

const missing = enterPrivateNetwork([]);

test('libdatachannel hears and is heard, whatever it offers', {
  skip: skipIfMissing(missing),
}, async (t) => {
  const libdatachannel = startProgram(process.execPath, 'libdatachannel.mjs');
  t.teardown(() => libdatachannel.close());
  await meet(t, libdatachannel, { bundlePolicies: [null], shapes: () => SHAPES, changes: UNCHANGED });
});
