import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { test } from 'tap';
import { toAppError } from '../../../src/lib/errors.ts';
import { HandshakeQueue } from '../../../src/media/control/handshake-queue.ts';
import { WebRtcControlSeat } from '../../../src/media/control/webrtc-seat.ts';
import type { MediaCommand } from '../../../src/media/link/messages.ts';
import type { SourceKind } from '../../../src/media/plane.ts';
import { createCertificate } from '../../../src/rtc/dtls/certificate.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { type OfferSection, sdpOffer, transport } from '../../rtc/sdp/offers.ts';

const certificate = await createCertificate();
const noop = () => {};

function connect(sdp: string, kind: SourceKind = 'voice', reached = noop) {
  const clock = new FakeClock();
  const commands: MediaCommand[] = [];
  const seat = WebRtcControlSeat.negotiate(
    { sdp, address: '192.0.2.2' },
    {
      kind,
      state: { muted: false, deafened: false, hearing: [] },
      events: { connected: noop, reached, silent: noop, closed: noop },
    },
    { roomId: 1, onLeft: noop },
    {
      id: 1,
      candidates: () => [{ protocol: 'udp', address: '192.0.2.1', port: 40_000 }],
      sdpLimits: { maxBytes: 32_768, maxLines: 1000 },
      certificate,
      handshakes: new HandshakeQueue(clock),
      clock,
      log: pino({ level: 'silent' }),
      post: (command) => commands.push(command),
      onGone: noop,
    },
  );
  return { seat, commands };
}

const offer = (direction: string, ufrag = 'ufrag', more: readonly OfferSection[] = []) =>
  sdpOffer([{ direction, transport: transport(ufrag, 'p'.repeat(24), 'AB') }, ...more]);
const ufragOf = (sdp: string) => /^a=ice-ufrag:(\S+)/m.exec(sdp)![1]!;

test('the worker gets the direction from the answer', (t) => {
  for (const [offered, ours] of [
    ['sendrecv', 'sendrecv'],
    ['sendonly', 'recvonly'],
    ['recvonly', 'sendonly'],
    ['inactive', 'inactive'],
  ] as const) {
    const { seat, commands } = connect(offer(offered));
    t.same(commands, [], 'not before its room is open');
    seat.start();
    t.match(commands, [{ type: 'add_member', endpoint: { parameters: { direction: ours } } }]);
    t.match(seat.answer, new RegExp(`^a=${ours}\r$`, 'm'));
    seat.close();
  }
  t.end();
});

test('the worker learns what the member sends, and music has no redundancy', (t) => {
  const chromium = readFileSync(new URL('../../fixtures/sdp/chromium-audio.sdp', import.meta.url), 'utf8');
  for (const [kind, red] of [
    ['voice', 63],
    ['music', null],
  ] as const) {
    const { seat, commands } = connect(chromium, kind);
    seat.start();
    t.match(commands, [{ type: 'add_member', kind, endpoint: { parameters: { redPayloadType: red } } }]);
    t.equal(/^a=rtpmap:63 red/m.test(seat.answer), red !== null);
    const restarted = seat.restart({ sdp: chromium.replace(/a=ice-ufrag:\S+/, 'a=ice-ufrag:other'), address: '' });
    t.equal(/^a=rtpmap:63 red/m.test(restarted), red !== null, 'also after a restart of ICE');
    seat.close();
  }
  t.end();
});

test('a new offer may change the direction, with and without new ICE credentials', (t) => {
  const { seat, commands } = connect(offer('sendrecv'));
  seat.start();
  const restart = (sdp: string) => {
    commands.length = 0;
    const answer = seat.restart({ sdp, address: '' });
    return {
      ufrag: ufragOf(answer),
      posted: commands.map((command) => ('direction' in command ? command.direction : command.type)),
      answer,
    };
  };
  const first = ufragOf(seat.answer);

  const held = restart(offer('sendonly'));
  t.same(held.posted, ['recvonly']);
  t.equal(held.ufrag, first, 'nothing restarts');
  t.match(held.answer, /^a=recvonly\r$/m);
  t.match(held.answer, /^o=- \d+ 2 /m);

  const moved = restart(offer('sendonly', 'newufrag'));
  t.same(moved.posted, ['restart_ice']);
  t.not(moved.ufrag, first);
  t.ok(seat.isNamed(first) && seat.isNamed(moved.ufrag), 'both are valid until the new path is found');

  const both = restart(offer('sendrecv', 'third'));
  t.same(both.posted, ['restart_ice', 'sendrecv']);
  t.ok(seat.isNamed(moved.ufrag) && seat.isNamed(both.ufrag));
  t.notOk(seat.isNamed(first));

  const same = restart(offer('sendrecv', 'third'));
  t.same([same.posted, same.ufrag], [[], both.ufrag]);
  t.ok(seat.isNamed(moved.ufrag), 'an answer without new credentials retires none');
  seat.close();
  t.end();
});

test('speech stays in its section while it can, and moves when another one fits better', (t) => {
  const { seat } = connect(offer('inactive', 'u123', [{}, {}]));
  const speechOf = (sdp: string) =>
    [...sdp.matchAll(/^a=(sendrecv|sendonly|recvonly|inactive)\r$/gm)].map(([, direction]) => direction).join(' ');
  t.equal(speechOf(seat.answer), 'inactive sendrecv inactive');
  t.equal(
    speechOf(seat.restart({ sdp: offer('sendrecv', 'u123', [{}, {}]), address: '' })),
    'inactive sendrecv inactive',
  );
  t.equal(
    speechOf(seat.restart({ sdp: offer('sendrecv', 'u123', [{ direction: 'inactive' }, {}]), address: '' })),
    'sendrecv inactive inactive',
  );
  seat.close();
  t.end();
});

test('a new offer may leave out the levels of packets and have them again, but not under another number', (t) => {
  const level = (id: number | null, direction = 'sendrecv') =>
    sdpOffer([
      {
        direction,
        transport: transport('ufrag', 'p'.repeat(24), 'AB'),
        lines: id === null ? [] : [`a=extmap:${id} urn:ietf:params:rtp-hdrext:ssrc-audio-level`],
      },
    ]);
  const answered = (sdp: string) => /^a=extmap:(\S+)/m.exec(sdp)?.[1];
  for (const first of ['sendrecv', 'recvonly']) {
    const { seat, commands } = connect(level(5, first));
    seat.start();
    t.match(commands[0], { endpoint: { parameters: { audioLevelExtensionId: 5 } } });
    t.equal(answered(seat.answer), '5', `${first}: also to somebody who does not send now`);
    for (const [id, expected] of [
      [null, undefined],
      [5, '5'],
      [6, undefined],
      [5, '5'],
    ] as const)
      t.equal(answered(seat.restart({ sdp: level(id), address: '' })), expected);
    seat.close();
  }
  const { seat } = connect(level(null));
  t.equal(answered(seat.restart({ sdp: level(5), address: '' })), undefined, 'the worker does not read them');
  seat.close();
  t.end();
});

test('an offer from a different peer restarts nothing and changes nothing', (t) => {
  const { seat, commands } = connect(offer('sendrecv'));
  commands.length = 0;
  const refusal = (sdp: string) => {
    try {
      seat.restart({ sdp, address: '' });
    } catch (error) {
      return toAppError(error).code;
    }
    return 'none';
  };
  t.equal(refusal(sdpOffer([{ transport: transport('ufrag', 'p'.repeat(24), 'CD') }])), 'cannot_restart');
  t.equal(refusal(sdpOffer([{ opus: 96, transport: transport('ufrag', 'p'.repeat(24), 'AB') }])), 'cannot_restart');
  t.equal(refusal(sdpOffer([{ kind: 'video' }])), 'invalid_sdp');
  t.same(commands, []);
  seat.close();
  t.equal(refusal(offer('sendrecv')), 'cannot_restart');
  t.end();
});

test('the first DTLS datagram shows that the peer has found a path', (t) => {
  let times = 0;
  const { seat } = connect(offer('sendrecv'), 'voice', () => times++);
  seat.start();
  t.equal(times, 0);
  seat.receiveDtls(new Uint8Array([22]));
  seat.receiveDtls(new Uint8Array([22]));
  t.equal(times, 1);
  seat.close();
  t.end();
});
