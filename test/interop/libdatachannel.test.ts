import { test } from 'tap';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { enterPrivateNetwork } from '../helpers/private-address.ts';
import { meet } from './meeting.ts';
import { SHAPES } from './shapes.ts';
import { startProgram } from './stack.ts';

const missing = enterPrivateNetwork([]);

/**
 * With a section for data it says that it is connected once SCTP is, which the server does not speak, and gives the whole connection up when
 * SCTP does not answer (`initSctpTransport` in its peerconnection.cpp).
 */
const WITHOUT_DATA = SHAPES.filter(({ sections }) => !sections.includes('data'));

test('libdatachannel is heard and hears, whatever it offers without data', {
  skip: skipIfMissing(missing),
}, async (t) => {
  const libdatachannel = startProgram(process.execPath, 'libdatachannel.mjs');
  t.teardown(() => libdatachannel.close());
  await meet(t, libdatachannel, { bundlePolicies: [null], shapes: () => WITHOUT_DATA });
});
