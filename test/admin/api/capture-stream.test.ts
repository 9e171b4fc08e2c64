import { test } from 'tap';
import { captureStream } from '../../../src/admin/api/capture-stream.ts';
import { GUEST } from '../../../src/rooms/admission.ts';
import { sit } from '../../helpers/fake-media-plane.ts';
import { openRegistry } from '../../helpers/open-registry.ts';
import { readPcap } from '../../helpers/pcap-reader.ts';

const MEGABYTE = 1024 * 1024;

function setUp() {
  const { clock, plane, registry } = openRegistry(10);
  const listener = { event: () => {}, ended: () => {} };
  const request = { room: 'lobby', name: 'Ada', admission: GUEST, state: { muted: false, deafened: false }, listener };
  const { participant } = registry.join(request);
  sit(participant, 'an offer');
  const stream = captureStream(participant, { durationMs: 60_000, maxBytes: 64 * MEGABYTE });
  const { sink } = plane.openSeats[0]!.recording!;
  return { clock, participant, stream, sink };
}

test('a capture without packets is a file without packets', async (t) => {
  const { clock, stream } = setUp();
  clock.advance(60_000);
  t.same(readPcap(Buffer.concat(await stream.toArray())), []);
});

test('a reader who does not read ends the capture before much has accumulated', async (t) => {
  const { participant, stream, sink } = setUp();
  for (let i = 0; i < 20 && participant.view.captured; i++) sink.records(new Uint8Array(MEGABYTE));
  t.equal(participant.view.captured, false);
  const bytes = (await stream.toArray()).reduce((sum: number, { length }: Uint8Array) => sum + length, 0);
  t.ok(bytes <= 5 * MEGABYTE, `${bytes} bytes`);
});

test('a reader who disconnects ends the capture', async (t) => {
  const { participant, stream } = setUp();
  t.equal(participant.view.captured, true);
  stream.destroy();
  await new Promise((resolve) => stream.once('close', resolve));
  t.equal(participant.view.captured, false);
});
