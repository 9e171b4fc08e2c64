import { pino } from 'pino';
import { test } from 'tap';
import { toAppError } from '../../../src/lib/errors.ts';
import { Connection } from '../../../src/media/control/connection.ts';
import { HandshakeQueue } from '../../../src/media/control/handshake-queue.ts';
import type { MediaCommand } from '../../../src/media/link/messages.ts';
import { createCertificate } from '../../../src/rtc/dtls/certificate.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { type OfferSection, sdpOffer, transport } from '../../rtc/sdp/offers.ts';

const certificate = await createCertificate();
const noop = () => {};

function connect(sdp: string) {
  const clock = new FakeClock();
  const commands: MediaCommand[] = [];
  const connection = new Connection({
    id: 1,
    roomId: 1,
    sdp,
    mix: { maxTalkers: 0, levelling: false },
    muted: false,
    deafened: false,
    candidates: () => [{ protocol: 'udp', address: '192.0.2.1', port: 40_000 }],
    sdpLimits: { maxBytes: 32_768, maxLines: 1000 },
    certificate,
    handshakes: new HandshakeQueue(clock),
    clock,
    log: pino({ level: 'silent' }),
    post: (command) => commands.push(command),
    onGone: noop,
    onLeft: noop,
    events: { connected: noop, silent: noop, closed: noop },
  });
  return { connection, commands };
}

const offer = (direction: string, ufrag = 'ufrag', more: readonly OfferSection[] = []) =>
  sdpOffer([{ direction, transport: transport(ufrag, 'p'.repeat(24), 'AB') }, ...more]);
const ufragOf = (sdp: string) => /^a=ice-ufrag:(\S+)/m.exec(sdp)![1]!;

test('the worker is told the direction that the answer says', (t) => {
  for (const [offered, ours] of [
    ['sendrecv', 'sendrecv'],
    ['sendonly', 'recvonly'],
    ['recvonly', 'sendonly'],
    ['inactive', 'inactive'],
  ] as const) {
    const { connection, commands } = connect(offer(offered));
    t.match(commands, [{ type: 'add_transport', parameters: { direction: ours } }]);
    t.match(connection.sdp, new RegExp(`^a=${ours}\r$`, 'm'));
    connection.close();
  }
  t.end();
});

test('a new offer may change the direction, with and without new ICE credentials', (t) => {
  const { connection, commands } = connect(offer('sendrecv'));
  const restart = (sdp: string) => {
    commands.length = 0;
    const answer = connection.restart(sdp);
    return {
      ufrag: ufragOf(answer),
      posted: commands.map((command) => ('direction' in command ? command.direction : command.type)),
      answer,
    };
  };
  const first = ufragOf(connection.sdp);

  const held = restart(offer('sendonly'));
  t.same(held.posted, ['recvonly']);
  t.equal(held.ufrag, first, 'nothing restarts');
  t.match(held.answer, /^a=recvonly\r$/m);
  t.match(held.answer, /^o=- \d+ 2 /m);

  const moved = restart(offer('sendonly', 'newufrag'));
  t.same(moved.posted, ['restart_ice']);
  t.not(moved.ufrag, first);
  t.ok(connection.isNamed(first) && connection.isNamed(moved.ufrag), 'both are good until the new way is found');

  const both = restart(offer('sendrecv', 'third'));
  t.same(both.posted, ['restart_ice', 'sendrecv']);
  t.ok(connection.isNamed(moved.ufrag) && connection.isNamed(both.ufrag));
  t.notOk(connection.isNamed(first));

  const same = restart(offer('sendrecv', 'third'));
  t.same([same.posted, same.ufrag], [[], both.ufrag]);
  t.ok(connection.isNamed(moved.ufrag), 'an answer without new credentials retires none');
  connection.close();
  t.end();
});

test('speech stays in its section while it can, and moves when another fits better', (t) => {
  const { connection } = connect(offer('inactive', 'u123', [{}, {}]));
  const speechOf = (sdp: string) =>
    [...sdp.matchAll(/^a=(sendrecv|sendonly|recvonly|inactive)\r$/gm)].map(([, direction]) => direction).join(' ');
  t.equal(speechOf(connection.sdp), 'inactive sendrecv inactive');
  t.equal(speechOf(connection.restart(offer('sendrecv', 'u123', [{}, {}]))), 'inactive sendrecv inactive');
  t.equal(
    speechOf(connection.restart(offer('sendrecv', 'u123', [{ direction: 'inactive' }, {}]))),
    'sendrecv inactive inactive',
  );
  connection.close();
  t.end();
});

test('an offer of somebody else restarts nothing and changes nothing', (t) => {
  const { connection, commands } = connect(offer('sendrecv'));
  commands.length = 0;
  const refusal = (sdp: string) => {
    try {
      connection.restart(sdp);
    } catch (error) {
      return toAppError(error).code;
    }
    return 'none';
  };
  t.equal(refusal(sdpOffer([{ transport: transport('ufrag', 'p'.repeat(24), 'CD') }])), 'cannot_restart');
  t.equal(refusal(sdpOffer([{ opus: 96, transport: transport('ufrag', 'p'.repeat(24), 'AB') }])), 'cannot_restart');
  t.equal(refusal(sdpOffer([{ kind: 'video' }])), 'invalid_sdp');
  t.same(commands, []);
  connection.close();
  t.equal(refusal(offer('sendrecv')), 'cannot_restart');
  t.end();
});
