import { test } from 'tap';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { enterPrivateNetwork } from '../helpers/private-address.ts';
import { broadcastWith } from './broadcasting.ts';
import { meet } from './meeting.ts';
import { SHAPES, type Shape, shapesWith, UNCHANGED } from './shapes.ts';
import { startProgram } from './stack.ts';

const missing = enterPrivateNetwork([
  'gir1.2-gst-plugins-bad-1.0',
  'gstreamer1.0-nice',
  'gstreamer1.0-plugins-bad',
  'gstreamer1.0-plugins-base',
  'gstreamer1.0-plugins-good',
  'python3-gi',
]);

/** With these policies each section has its own transport, and speech uses one section. */
const UNBUNDLED = ['none', 'balanced'];
const APART = { isHeard: true, hears: false };

function shapes(bundlePolicy: string | null): readonly Shape[] {
  if (bundlePolicy === null || !UNBUNDLED.includes(bundlePolicy)) return SHAPES;
  return shapesWith(
    { sections: 'audio:recvonly audio:sendonly', ...APART },
    { sections: 'audio:sendonly audio:recvonly', ...APART },
  );
}

test('GStreamer hears and is heard, whatever it offers', { skip: skipIfMissing(missing) }, async (t) => {
  const gstreamer = startProgram('/usr/bin/python3', 'gstreamer_client.py');
  t.teardown(() => gstreamer.close());
  await meet(t, gstreamer, {
    bundlePolicies: ['none', 'balanced', 'max-compat', 'max-bundle'],
    shapes,
    // webrtcbin cannot restart ICE, and refuses answers to a changed direction ("transceiver direction changes are not
    // implemented").
    changes: UNCHANGED,
  });
  await broadcastWith(t, gstreamer, { bundlePolicy: 'max-bundle' });
});
