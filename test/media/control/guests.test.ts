import { test } from 'tap';
import { Guests } from '../../../src/media/control/guests.ts';
import type { MediaCommand, MediaEvent } from '../../../src/media/link/messages.ts';
import { type RemoteCommand, type RemoteEvent, remoteEventSchema } from '../../../src/media/link/remote-messages.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

/** Of a message between servers. */
const MAX_LINE_BYTES = 256 * 1024;
const STATE = { muted: false, deafened: false, hearing: [] };

function setUp() {
  const commands: MediaCommand[] = [];
  const told: RemoteEvent[] = [];
  let id = 1_000_000_000;
  const post = (command: MediaCommand) => commands.push(command);
  const guests = new Guests({ nextId: () => ++id, post, clock: new FakeClock() });
  const guest = guests.admit({ tell: (event) => told.push(event), over: () => {} });
  const add = (memberId: number) => {
    const endpoint = { kind: 'webrtc', parameters: {} };
    guest.handle({
      type: 'add_member',
      memberId,
      roomId: 1,
      endpoint,
      kind: 'voice',
      state: STATE,
    } as unknown as RemoteCommand);
    return commands.at(-1) as MediaCommand & { type: 'add_member' };
  };
  guest.handle({ type: 'open_room', roomId: 1, mix: { maxTalkers: 0, levelling: true } });
  return { guests, told, add };
}

test('the networks of a crowd are told in messages that another server reads', (t) => {
  const { guests, told, add } = setUp();
  const reception = { lossRatio: 1 / 3, jitterMs: 100 / 7 };
  const network = { incoming: reception, outgoing: reception, roundTripMs: 1000 / 7 };
  const theirs = Array.from({ length: 5000 }, (_, i) => 500_000_000 + i);
  const ours = theirs.map((memberId) => ({ memberId: add(memberId).memberId, network }));
  guests.take({ type: 'networks', networks: ours } as MediaEvent);
  const seen: number[] = [];
  for (const event of told) {
    const line = JSON.stringify(event);
    t.ok(line.length < MAX_LINE_BYTES, `${line.length} bytes`);
    const read = remoteEventSchema.parse(JSON.parse(line));
    if (read.type === 'networks') seen.push(...read.networks.map(({ memberId }) => memberId));
  }
  t.same(seen, theirs);
  t.end();
});
