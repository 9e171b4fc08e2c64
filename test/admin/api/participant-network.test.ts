import pino from 'pino';
import { test } from 'tap';
import { AuditTrail } from '../../../src/admin/api/audit.ts';
import { createHandlers } from '../../../src/admin/api/handlers.ts';
import { LinkSigner } from '../../../src/admin/api/link-signer.ts';
import { Forwards } from '../../../src/gateways/forward/forwards.ts';
import { RoomStreams } from '../../../src/gateways/live/room-streams.ts';
import { Routes } from '../../../src/gateways/routes/routes.ts';
import { RtpStreams } from '../../../src/gateways/rtp/rtp-streams.ts';
import { pathSchema } from '../../../src/protocol/api/path-schema.ts';
import { participantSchema } from '../../../src/protocol/api/schemas.ts';
import { AccessControl } from '../../../src/rooms/access.ts';
import { RoomRegistry } from '../../../src/rooms/registry.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { FakeMediaPlane, sit } from '../../helpers/fake-media-plane.ts';

test('a participant is described with their network in both directions, as far as it is known', async (t) => {
  const clock = new FakeClock();
  const plane = new FakeMediaPlane();
  const access = new AccessControl({ mode: 'open', tokenSecret: '', roomPasswords: {}, clock });
  const log = pino({ level: 'silent' });
  const limits = { maxRooms: 5, maxRoomsPerAddress: 0, maxParticipants: 10, resumeTimeoutMs: 30_000 };
  const registry = new RoomRegistry({ plane, access, limits, clock, log });
  t.teardown(() => registry.close());
  const server = () => {
    throw new Error('nobody asks for it');
  };
  const handlers = createHandlers({
    registry,
    access,
    server,
    allowCapture: false,
    clock,
    recordings: undefined,
    players: { files: async () => [], start: async () => server() },
    audit: new AuditTrail(new FakeClock()),
    links: new LinkSigner(clock),
    routes: new Routes({ clock, log }),
    rtp: new RtpStreams({ host: '', targets: [], registry, showAddresses: true, clock, log }),
    forwards: new Forwards({ targets: [], streams: new RoomStreams(clock), onFailed: () => {}, clock, log }),
  });
  const admission = await registry.admit({ room: 'lobby' }, () => true);
  const listener = { event: () => {}, ended: () => {} };
  const joined = registry.join({
    room: 'lobby',
    name: 'Ada',
    admission,
    state: { muted: false, deafened: false },
    listener,
  });
  const { participant } = joined;
  const network = async () => {
    const params = pathSchema.parse({ room: 'lobby', participant: participant.id });
    const one = await handlers.getParticipant({ params, query: undefined, body: undefined });
    const query = { limit: 10, offset: 0 };
    const { participants } = await handlers.listParticipants({ params, query, body: undefined });
    t.strictSame(participants, [one], 'the same in the list');
    return participantSchema.parse(one).network;
  };

  const unknown = { incoming: null, outgoing: null, roundTripMs: null };
  t.strictSame(await network(), unknown, 'without media');
  sit(participant, 'sdp');
  t.strictSame(await network(), unknown, 'before the first report');
  const [connection] = plane.openSeats;
  connection!.network = { ...unknown, outgoing: { lossRatio: 5 / 256, jitterMs: 2.345 }, roundTripMs: 41.26 };
  t.strictSame(await network(), {
    incoming: null,
    outgoing: { lossRatio: 0.02, jitterMs: 2.3 },
    roundTripMs: 41.3,
  });
  connection!.network = { ...connection!.network, incoming: { lossRatio: 1, jitterMs: 0 } };
  t.match(await network(), { incoming: { lossRatio: 1, jitterMs: 0 }, outgoing: { lossRatio: 0.02 } });
  connection!.end('silent');
  t.strictSame(await network(), unknown, 'what was known of a closed connection is discarded');
});
