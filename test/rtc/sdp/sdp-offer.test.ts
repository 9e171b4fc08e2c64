import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { test } from 'tap';
import { AppError } from '../../../src/lib/errors.ts';
import {
  type AudioOffer,
  type Direction,
  MAX_SECTIONS,
  oneWay,
  parseOffer,
  SDP_LIMITS,
  UnusableOfferError,
} from '../../../src/rtc/sdp/sdp-offer.ts';
import { cases } from '../../helpers/cases.ts';
import { type OfferSection, sdpOffer, transport } from './offers.ts';

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/sdp/${name}.sdp`, import.meta.url), 'utf8');
const CHROMIUM = fixture('chromium-audio');
const FIREFOX = fixture('firefox-audio');
const DIRECTIONS: readonly Direction[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];

function refusal(sdp: string): string {
  try {
    parseOffer(sdp);
  } catch (error) {
    if (error instanceof AppError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'accepted';
}

/** Whether the offer is refused as valid but of no use. */
function isUnusable(run: () => unknown): boolean {
  try {
    run();
  } catch (thrown) {
    return thrown instanceof UnusableOfferError;
  }
  throw new Error('it is accepted');
}

/** `mid:role`, in the order of the offer. */
function roles({ sections }: AudioOffer): string {
  return sections.map(({ mid, role }) => `${mid}:${role}`).join(' ');
}

const sha = (length: number, byte: string) => Array(length).fill(byte).join(':');

test('the relevant parts of a Chromium offer are parsed', (t) => {
  t.match(parseOffer(CHROMIUM), {
    sections: [
      { kind: 'audio', protocol: 'UDP/TLS/RTP/SAVPF', mid: '0', role: 'speech', direction: 'sendrecv', sctpmap: null },
    ],
    bundle: ['0'],
    direction: 'sendrecv',
    iceUfrag: 'huhv',
    icePassword: 'HbYWY3e+f7uoNDrNn3rW/aBp',
    fingerprints: [{ algorithm: 'sha-256', value: /^16:F5:/ }],
    opusPayloadType: 111,
    redPayloadType: 63,
    audioLevelExtensionId: 1,
  });
  t.match(parseOffer(FIREFOX), {
    iceUfrag: '41064f5d',
    fingerprints: [{ algorithm: 'sha-256', value: /^1D:79:/ }],
    opusPayloadType: 109,
    redPayloadType: null,
    audioLevelExtensionId: 1,
  });
  t.end();
});

test('offers of real clients in every policy are accepted, each by its tagged section', (t) => {
  const expected: Record<string, [roles: string, bundle: string]> = {
    'aiortc-audio': ['0:speech', '0'],
    'aiortc-audio-video': ['0:speech 1:bundled', '0 1'],
    'chromium-audio-2-video': ['0:speech 1:bundled 2:bundled', '0 1 2'],
    'chromium-max-bundle-video-then-audio': ['0:bundled 1:speech', '0 1'],
    'chromium-recvonly': ['0:speech', '0'],
    'chromium-rsa-certificate': ['0:speech', '0'],
    'chromium-two-audio': ['0:speech 1:bundled', '0 1'],
    'chromium-video-data': ['0:speech 1:bundled 2:bundled', '0 1 2'],
    'firefox-balanced-audio-video-data': ['0:speech 1:bundled 2:bundled', '0 1 2'],
    'firefox-max-bundle-video': ['0:bundled 1:speech', '0 1'],
    'firefox-video-data': ['0:speech 1:bundled 2:bundled', '0 1 2'],
    'gstreamer-audio-none': ['audio0:speech', ''],
    'gstreamer-audio-video-mb': ['audio0:speech video1:bundled', 'audio0 video1'],
  };
  for (const [name, [sections, bundle]] of Object.entries(expected)) {
    const offer = parseOffer(fixture(name));
    t.equal(roles(offer), sections, name);
    t.equal(offer.bundle.join(' '), bundle, name);
    t.equal(offer.direction, name === 'chromium-recvonly' ? 'recvonly' : 'sendrecv', name);
    t.equal(offer.iceUfrag, /a=ice-ufrag:(\S+)/.exec(fixture(name))![1], name);
  }
  t.end();
});

test('with several audio sections, speech uses the one that carries it both ways, wherever it is', (t) => {
  const choose = (...directions: Direction[]) => {
    const offer = parseOffer(sdpOffer(directions.map((direction) => ({ direction }))));
    const indices = offer.sections.flatMap(({ role }, index) => (role === 'speech' ? index : []));
    return `${indices.join('+')} ${offer.direction}`;
  };
  t.equal(choose('sendrecv', 'sendrecv'), '0 sendrecv');
  t.equal(choose('inactive', 'sendrecv'), '1 sendrecv');
  t.equal(choose('recvonly', 'sendonly', 'sendrecv'), '2 sendrecv');
  t.equal(choose('recvonly', 'sendonly'), '0+1 sendrecv', 'two of one way each carry both');
  t.equal(choose('sendonly', 'inactive', 'recvonly'), '0+2 sendrecv');
  t.equal(choose('inactive', 'sendonly'), '1 sendonly');
  t.equal(choose('inactive', 'recvonly', 'recvonly'), '1 recvonly');
  t.equal(choose('inactive', 'inactive'), '0 inactive');
  t.end();
});

test('one-way sections are combined only where they share a transport', (t) => {
  const pair = (one: OfferSection, other: OfferSection, group?: string) => {
    const sections = [
      { direction: 'recvonly' as const, ...one },
      { direction: 'sendonly' as const, ...other },
    ];
    const offer = parseOffer(sdpOffer(sections, group === undefined ? {} : { group }));
    return `${roles(offer)} ${offer.direction} ${offer.redPayloadType} ${offer.audioLevelExtensionId}`;
  };
  const red = ['a=rtpmap:63 red/48000/2', 'a=fmtp:63 111/111'];
  const level = ['a=extmap:5 urn:ietf:params:rtp-hdrext:ssrc-audio-level'];
  t.equal(pair({}, {}), '0:speech 1:speech sendrecv null null');
  t.equal(pair({}, {}, ''), '0:refused 1:speech sendonly null null', 'without BUNDLE, the sender wins');
  t.equal(pair({}, { opus: 96 }), '0:speech 1:speech sendrecv null null', 'each with its own payload type');
  const withRed = { formats: '63 111', lines: red };
  t.equal(pair(withRed, withRed), '0:speech 1:speech sendrecv 63 null');
  const other = { opus: 96, formats: '63 96', lines: ['a=rtpmap:63 red/48000/2', 'a=fmtp:63 96/96'] };
  t.equal(pair(withRed, other), '0:speech 1:speech sendrecv null null', 'RED is around one Opus');
  t.equal(pair(withRed, {}), '0:speech 1:speech sendrecv null null', 'RED is for both or for neither');
  t.equal(pair({}, withRed), '0:speech 1:speech sendrecv null null');
  t.equal(
    pair({}, { lines: level }),
    '0:speech 1:speech sendrecv null 5',
    'the level is that of the section that sends',
  );
  t.equal(pair({ lines: level }, {}), '0:speech 1:speech sendrecv null null');
  t.end();
});

test('the section used for speech before stays while no other fits better', (t) => {
  const twice = sdpOffer([{ mid: 'a' }, { mid: 'b' }, { mid: 'c', direction: 'inactive' }]);
  t.equal(roles(parseOffer(twice, SDP_LIMITS, 'b')), 'a:bundled b:speech c:bundled');
  t.equal(roles(parseOffer(twice, SDP_LIMITS, 'c')), 'a:speech b:bundled c:bundled');
  t.equal(roles(parseOffer(twice, SDP_LIMITS, 'x')), 'a:speech b:bundled c:bundled');
  t.end();
});

test('the direction comes from the section, else from the session, else it is both ways', (t) => {
  const directions = [...DIRECTIONS, undefined];
  for (const own of directions) {
    for (const session of directions) {
      const lines = session === undefined ? [] : [`a=${session}`];
      const offer = parseOffer(sdpOffer([{ direction: own ?? null }], { lines }));
      t.equal(offer.direction, own ?? session ?? 'sendrecv', `${own} in ${session}`);
      t.equal(offer.sections[0]!.direction, offer.direction);
    }
  }
  t.end();
});

test('a section with port 0 is an offer if it is bundle-only in a bundle with another that has a port', (t) => {
  const video = { kind: 'video', mid: 'v' } as const;
  const bundleOnly = { mid: 'a', port: 0, lines: ['a=bundle-only'] };
  t.equal(roles(parseOffer(sdpOffer([video, bundleOnly]))), 'v:bundled a:speech');
  t.same(parseOffer(sdpOffer([bundleOnly, video])).bundle, ['v', 'a'], 'the tagged section is one that has a port');
  t.match(refusal(sdpOffer([bundleOnly])), /Section 1 has port 0/);
  t.match(refusal(sdpOffer([video, bundleOnly], { group: '' })), /Section 2 has port 0/);
  t.match(refusal(sdpOffer([video, bundleOnly], { group: 'LS v a' })), /Section 2 has port 0/);
  t.match(refusal(sdpOffer([video, bundleOnly], { group: 'BUNDLE a' })), /Section 2 has port 0/);
  t.match(refusal(sdpOffer([video, { mid: 'a', port: 0 }])), /Section 2 has port 0/, 'a rejected section');
  const offer = parseOffer(sdpOffer([{ ...video, port: 0 }, { mid: 'a' }, { ...bundleOnly, mid: 'b' }]));
  t.equal(roles(offer), 'v:refused a:speech b:bundled');
  t.same(offer.bundle, ['a', 'b']);
  t.end();
});

test('transport attributes come from the tagged section, else from the session, else from the section itself', (t) => {
  const names = ['tagged', 'session', 'own'] as const;
  for (let places = 1; places < 8; places++) {
    const has = (index: number) => (places & (1 << index)) !== 0;
    const lines = (name: string) =>
      transport(`${name}ufrag`, `${name}${'p'.repeat(24)}`, name === 'own' ? 'AA' : name === 'tagged' ? 'BB' : 'CC');
    const of = (index: number) => (has(index) ? lines(names[index]!) : []);
    const text = sdpOffer([{ kind: 'video', transport: of(0) }, { transport: of(2) }], { lines: of(1) });
    const first = names.find((_, index) => has(index))!;
    t.match(
      parseOffer(text),
      {
        iceUfrag: `${first}ufrag`,
        icePassword: new RegExp(`^${first}p`),
        fingerprints: [{ value: first === 'own' ? /^AA/ : first === 'tagged' ? /^BB/ : /^CC/ }],
      },
      `${places}`,
    );
    // Outside the bundle another section has no effect.
    if (has(2))
      t.equal(
        parseOffer(sdpOffer([{ kind: 'video', transport: of(0) }, { transport: of(2) }], { group: '' })).iceUfrag,
        'ownufrag',
      );
  }
  t.match(refusal(sdpOffer([{ transport: [] }])), /rtcp-mux/);
  t.end();
});

test('a section of another bundle has another transport', (t) => {
  const sections = [
    { kind: 'video', mid: 'v' },
    { mid: 'a', transport: transport('mineufrag', 'm'.repeat(24), 'AB') },
    { mid: 'd', kind: 'text' },
  ];
  const offer = parseOffer(sdpOffer(sections, { group: 'BUNDLE v', lines: ['a=group:BUNDLE a d'] }));
  t.equal(offer.iceUfrag, 'mineufrag');
  t.equal(roles(offer), 'v:refused a:speech d:bundled');
  t.end();
});

test('every profile that means DTLS-SRTP is accepted and kept', (t) => {
  const meant = ['UDP/TLS/RTP/SAVPF', 'UDP/TLS/RTP/SAVP', 'TCP/DTLS/RTP/SAVPF', 'TCP/DTLS/RTP/SAVP'];
  const tolerated = ['RTP/SAVPF', 'RTP/SAVP', 'RTP/AVPF', 'RTP/AVP', 'TCP/TLS/RTP/SAVPF'];
  for (const protocol of [...meant, ...tolerated]) {
    t.equal(parseOffer(sdpOffer([{ protocol }])).sections[0]!.protocol, protocol);
  }
  for (const protocol of [
    'UDP/TLS/RTP/AVPF',
    'UDP/TLS/RTP/SAVPFX',
    'XRTP/SAVPF',
    'UDP/DTLS/SCTP',
    'DCCP/RTP/SAVPF',
    'RTP',
  ]) {
    t.match(
      refusal(sdpOffer([{ protocol }])),
      /invalid_sdp: .*Section 1 uses a protocol other than DTLS-SRTP/,
      protocol,
    );
  }
  t.end();
});

test('the strongest supported fingerprint counts, wherever and however it is written', (t) => {
  const fingerprints = (own: string[], session: string[] = []) => {
    const bare = transport('ufrag', 'p'.repeat(24), null);
    const line = (value: string) => `a=fingerprint:${value}`;
    const text = sdpOffer([{ transport: [...bare, ...own.map(line)] }], { lines: session.map(line) });
    return parseOffer(text).fingerprints.map(({ algorithm, value }) => `${algorithm} ${value.slice(0, 2)}`);
  };
  const [sha1, sha256, sha384, sha512] = [sha(20, '01'), sha(32, 'ab'), sha(48, 'cd'), sha(64, 'Ef')];
  t.same(fingerprints([`sha-256 ${sha256}`, `sha-1 ${sha1}`]), ['sha-256 AB']);
  t.same(fingerprints([`sha-1 ${sha1}`, `SHA-256 ${sha256.toUpperCase()}`]), ['sha-256 AB']);
  t.same(fingerprints([`sha-512 ${sha512}`, `sha-256 ${sha256}`, `sha-384 ${sha384}`]), ['sha-512 EF']);
  t.same(fingerprints([`sha-256 ${sha256}`, `sha-384 ${sha384}`]), ['sha-384 CD']);
  t.same(fingerprints([`sha-256 ${sha256}`, `sha-256 ${sha(32, '12')}`]), ['sha-256 AB', 'sha-256 12'], 'certificates');
  t.same(fingerprints([], [`sha-256 ${sha256}`]), ['sha-256 AB']);
  t.same(
    fingerprints([`sha-256 ${sha256}`], [`sha-512 ${sha512}`]),
    ['sha-256 AB'],
    "the section's own before the session's",
  );
  t.same(fingerprints([`sha-1 ${sha1}`, `md5 ${sha(16, '00')}`], [`sha-384 ${sha384}`]), ['sha-384 CD']);
  t.same(fingerprints([`sha-512 ${sha(63, 'EF')}`, `sha-512 ${sha512}:`, `sha-256   ${sha256} `]), ['sha-256 AB']);
  t.throws(
    () => fingerprints([`sha-1 ${sha1}`]),
    /no valid fingerprint with a supported hash \(sha-256, sha-384, sha-512\)/,
  );
  t.throws(() => fingerprints([`sha-256 ${sha(32, 'xy')}`]), /It has no valid fingerprint/);
  t.throws(() => fingerprints([`sha-256 ${sha256.replace(/:/g, '-')}`]), /It has no valid fingerprint/);
  t.throws(() => fingerprints([]), /It has no fingerprint/);
  t.end();
});

test('the fingerprint of another section does not count', (t) => {
  const video = { kind: 'video', transport: transport('ufrag', 'p'.repeat(24), null) };
  const text = sdpOffer(
    [
      video,
      { transport: transport('ufrag', 'p'.repeat(24), 'AB') },
      { kind: 'text', transport: transport('x', 'y', 'CD') },
    ],
    { group: '' },
  );
  t.match(parseOffer(text).fingerprints, [{ value: /^AB:/ }]);
  t.equal(parseOffer(text).fingerprints.length, 1);
  t.end();
});

test('an unusable offer is refused with the reason', (t) => {
  const without = (pattern: RegExp) => refusal(CHROMIUM.replace(pattern, ''));
  t.match(without(/a=ice-ufrag.*\r\n/), /invalid_sdp.*ufrag is missing/);
  t.match(without(/a=ice-pwd.*\r\n/), /password is missing/);
  t.match(without(/a=rtcp-mux\r\n/), /does not offer rtcp-mux/);
  t.match(without(/a=setup.*\r\n/), /setup must be actpass or active/);
  t.match(without(/a=rtpmap:111.*\r\n/), /no usable audio section. Section 1 has no Opus/);
  t.match(without(/m=audio[\s\S]*/), /no media section/);
  t.match(without(/v=0\r\n/), /start with v=0/);
  const changed = (from: string | RegExp, to: string) => refusal(CHROMIUM.replace(from, to));
  t.match(changed('setup:actpass', 'setup:passive'), /actpass or active, not passive.*-whip_flags dtls_active/);
  t.match(changed('setup:actpass', 'setup:holdconn'), /setup/);
  t.match(changed(/111/g, '72'), /no Opus/, 'a payload type that collides with RTCP');
  t.match(changed('m=audio', 'm=video'), /no usable audio section\.$/);
  t.match(changed('ice-ufrag:huhv', 'ice-ufrag:hu"v'), /ufrag is invalid/);
  t.match(changed('ice-ufrag:huhv', 'ice-ufrag:huh'), /ufrag is invalid/);
  t.match(changed(/ice-pwd:\S+/, `ice-pwd:${'x'.repeat(21)}`), /password is invalid/);
  t.match(changed(/ice-pwd:\S+/, `ice-pwd:${'x'.repeat(257)}`), /password is invalid/);
  t.match(changed('a=mid:0', 'a=mid:"'), /identification is invalid/);
  t.match(changed('t=0 0\r\n', 't=0 0\r\na=ice-lite\r\n'), /ICE-lite/);
  t.match(changed(/SAVPF .*/, 'SAVPF 0'), /no Opus/);
  t.match(refusal(sdpOffer([{ mid: 'a' }, { mid: 'a' }])), /same media identification/);
  t.match(refusal(sdpOffer([{}, { kind: 'video', formats: '' }])), /format of section 2 is missing or invalid/);
  t.match(refusal(sdpOffer([{}, { kind: 'video', protocol: 'x'.repeat(33) }])), /media protocol is invalid/);
  t.match(refusal(sdpOffer([{}]).replace('m=audio', 'm=audio 9 x y\r\nm= audio')), /invalid_sdp/);
  t.equal(refusal(sdpOffer([{ mid: null }, { mid: null }])), 'accepted');
  t.equal(changed('a=group:BUNDLE 0\r\n', ''), 'accepted');
  t.equal(changed('setup:actpass', 'setup:active'), 'accepted');
  t.equal(changed(/ice-pwd:\S+/, `ice-pwd:${'x'.repeat(22)}`), 'accepted');
  t.equal(changed(/\r\n/g, '\n'), 'accepted');
  t.end();
});

test('each section that does not fit is named with its reason, up to four', (t) => {
  const bad = [{ protocol: 'UDP' }, { port: 0 }, { kind: 'video' }, { opus: 70 }];
  const words = refusal(sdpOffer(bad, { group: '' }));
  t.match(words, /Section 1 uses a protocol.*Section 2 has port 0.*Section 4 has no Opus/);
  t.notMatch(words, /Section 3/);
  t.equal(refusal(sdpOffer(Array(9).fill({ port: 0 }))).match(/Section/g)!.length, 4);
  t.end();
});

test('sections for data are parsed in both forms', (t) => {
  const data = (protocol: string, formats: string, lines: string[]) =>
    parseOffer(sdpOffer([{}, { kind: 'application', protocol, formats, lines }])).sections[1]!;
  t.match(data('UDP/DTLS/SCTP', 'webrtc-datachannel', ['a=sctp-port:5000']), {
    kind: 'application',
    protocol: 'UDP/DTLS/SCTP',
    format: { name: 'webrtc-datachannel', rtpmap: null, fmtp: null },
    sctpmap: null,
    role: 'bundled',
  });
  t.equal(data('DTLS/SCTP', '5000', ['a=sctpmap:5000 webrtc-datachannel 1024']).sctpmap, '5000 webrtc-datachannel');
  t.equal(data('DTLS/SCTP', '5000', ['a=sctpmap:500000 webrtc-datachannel 1024']).sctpmap, null);
  t.equal(data('DTLS/SCTP', '5000', ['a=sctpmap:5000 webrtc"datachannel']).sctpmap, null);
  t.end();
});

test('a description that is too large is not parsed', (t) => {
  const { maxBytes, maxLines } = SDP_LIMITS;
  t.same([maxBytes, maxLines], [32_768, 1000], 'as in the sample configuration');
  const lines = CHROMIUM.split('\r\n').length - 1;
  t.equal(refusal(CHROMIUM + 'a=x\r\n'.repeat(maxLines - lines)), 'accepted');
  t.match(refusal(CHROMIUM + 'a=x\r\n'.repeat(maxLines - lines + 1)), /^sdp_too_large/);
  t.match(refusal(CHROMIUM + 'a=x\r'.repeat(maxLines)), /^sdp_too_large/, 'as the library counts lines');
  const padding = maxBytes - CHROMIUM.length - 4;
  t.equal(refusal(`${CHROMIUM}a=${'x'.repeat(padding)}\r\n`), 'accepted');
  t.match(refusal(`${CHROMIUM}a=${'x'.repeat(padding + 1)}\r\n`), /^sdp_too_large/);
  t.match(refusal('ü'.repeat(maxBytes / 2 + 1)), /^sdp_too_large/, 'bytes, not characters');
  t.equal(refusal(sdpOffer(Array(MAX_SECTIONS).fill({}))), 'accepted');
  t.match(refusal(sdpOffer(Array(MAX_SECTIONS + 1).fill({}))), /^invalid_sdp: .*more than 32 media sections/);
  t.end();
});

const anySection: fc.Arbitrary<OfferSection> = fc.record({
  kind: fc.constantFrom('audio', 'audio', 'video', 'application'),
  direction: fc.constantFrom(...DIRECTIONS),
  port: fc.constantFrom(0, 9),
  opus: fc.constantFrom(111, 96, 70),
  protocol: fc.constantFrom('UDP/TLS/RTP/SAVPF', 'RTP/SAVP', 'UDP/BFCP'),
  lines: fc.constantFrom([], ['a=bundle-only']),
});
const anyMids = fc.uniqueArray(fc.stringMatching(/^[a-z0-9_]{1,8}$/), { minLength: 6, maxLength: 6 });

test('with any order of sections, directions and mids, the best section is chosen and the bundle stays whole', (t) => {
  const sections = fc.array(anySection, { minLength: 1, maxLength: 6 });
  const seed = Math.floor(Math.random() * 2 ** 31);
  t.comment(`seed ${seed}`);
  fc.assert(
    fc.property(sections, anyMids, fc.nat(6), (offered, mids, bundled) => {
      const named = offered.map((section, index) => ({ ...section, mid: mids[index]! }));
      const group = named.slice(0, bundled).map(({ mid }) => mid);
      const text = sdpOffer(named, { group: group.length === 0 ? '' : `BUNDLE ${group.join(' ')}` });
      const inGroup = named.filter(({ mid }) => group.includes(mid));
      const alive = (section: OfferSection) =>
        section.port !== 0 ||
        (section.lines!.length > 0 &&
          inGroup.includes(section as (typeof named)[0]) &&
          inGroup.some(({ port }) => port !== 0));
      const fitting = named.filter(
        (section) =>
          section.kind === 'audio' && alive(section) && section.opus !== 70 && section.protocol !== 'UDP/BFCP',
      );
      if (fitting.length === 0)
        return refusal(text).startsWith('invalid_sdp: ') && refusal(text).includes('no usable audio section');
      const offer = parseOffer(text);
      const speech = offer.sections.filter(({ role }) => role === 'speech');
      const has = (direction: Direction) => fitting.some((section) => section.direction === direction);
      const isBest =
        speech.length === 2
          ? !has('sendrecv') && offer.direction === 'sendrecv'
          : offer.direction === DIRECTIONS.find(has) && speech.length === 1;
      const isSpeechFitting = speech.every(({ mid }) => fitting.some((section) => section.mid === mid));
      const isWhole = offer.sections.every(({ mid, role }, index) => {
        const wanted = group.includes(speech[0]!.mid!) && group.includes(mid!) && alive(named[index]!);
        return (role === 'bundled') === (wanted && role !== 'speech') && (role !== 'refused' || !wanted);
      });
      const isGroup =
        [...offer.bundle].sort().join() ===
        offer.sections
          .filter(({ mid, role }) => role !== 'refused' && group.includes(mid!))
          .map(({ mid }) => mid)
          .sort()
          .join();
      return isBest && isSpeechFitting && isWhole && isGroup;
    }),
    { seed, numRuns: cases(500) },
  );
  t.end();
});

test('any offer is either parsed or refused in words', (t) => {
  fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => refusal(`v=0\n${text}`).startsWith('invalid_sdp')));
  t.end();
});

test('OBS sends stereo, and its video goes along in the bundle', (t) => {
  for (const name of ['obs-30-1', 'obs-32']) {
    const offer = parseOffer(fixture(name));
    t.match(offer, { direction: 'sendonly', opusPayloadType: 111, sendsStereo: true, bundle: ['0', '1'] }, name);
    t.match(offer, { iceUfrag: 'T4mQ', fingerprints: [{ value: /^5B:1E:/ }] }, 'from the session level');
    t.equal(roles(offer), '0:speech 1:bundled');
  }
  t.equal(parseOffer(CHROMIUM).sendsStereo, false);
  t.end();
});

test('an offer that goes one way only is like one that was made so', (t) => {
  const ways = ['sendonly', 'recvonly'] as const;
  for (const way of ways) {
    t.same(oneWay(parseOffer(sdpOffer([{}])), way), parseOffer(sdpOffer([{ direction: way }])), way);
    const two = parseOffer(sdpOffer([{ direction: 'sendonly' }, { direction: 'recvonly' }]));
    const [one, other] = oneWay(two, way).sections;
    t.same([one?.direction, other?.direction], way === 'sendonly' ? [way, 'inactive'] : ['inactive', way]);
    t.equal(oneWay(two, way).direction, way);
  }
  const video = parseOffer(sdpOffer([{}, { kind: 'video' }]));
  t.equal(oneWay(video, 'sendonly').sections[1]?.direction, 'sendrecv', 'only speech is concerned');
  for (const [offered, way] of [
    ['sendonly', 'recvonly'],
    ['recvonly', 'sendonly'],
    ['inactive', 'sendonly'],
    ['inactive', 'recvonly'],
  ] as const)
    t.equal(
      isUnusable(() => oneWay(parseOffer(sdpOffer([{ direction: offered }])), way)),
      true,
    );
  t.equal(
    isUnusable(() => parseOffer(sdpOffer([{ kind: 'video' }]))),
    true,
  );
  t.equal(
    isUnusable(() => parseOffer('hello')),
    false,
    'it is bad',
  );
  t.end();
});
