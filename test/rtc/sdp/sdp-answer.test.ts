import { readdirSync, readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { parse } from 'sdp-transform';
import { test } from 'tap';
import { AppError } from '../../../src/lib/errors.ts';
import { type AnswerOptions, answeredDirection, writeAnswer } from '../../../src/rtc/sdp/sdp-answer.ts';
import { type Direction, parseOffer } from '../../../src/rtc/sdp/sdp-offer.ts';
import { cases } from '../../helpers/cases.ts';
import { createPrng } from '../../helpers/prng.ts';
import { type OfferSection, sdpOffer, transport } from './offers.ts';

const FIXTURES = new URL('../../fixtures/sdp/', import.meta.url);
const fixture = (name: string) => readFileSync(new URL(`${name}.sdp`, FIXTURES), 'utf8');
const CHROMIUM = fixture('chromium-audio');
const VIDEO: OfferSection = { kind: 'video', mid: 'v', lines: ['a=fmtp:97 max-fs=12288'] };
const DATA: OfferSection = { kind: 'application', mid: 'd', protocol: 'UDP/DTLS/SCTP', direction: null };

const OPTIONS: AnswerOptions = {
  version: 7,
  ufrag: 'abcd1234',
  password: 'x'.repeat(32),
  fingerprint: { algorithm: 'sha-256', value: Array(32).fill('AB').join(':') },
  ssrc: 4242,
  cname: 'mixer',
  candidates: [
    { protocol: 'udp', address: '192.0.2.1', port: 40_000 },
    { protocol: 'udp', address: '2001:db8::1', port: 40_001 },
    { protocol: 'tcp', address: '192.0.2.1', port: 40_002 },
  ],
};
const CANDIDATES = [
  'a=candidate:1 1 udp 2130706431 192.0.2.1 40000 typ host',
  'a=candidate:2 1 udp 2130706175 2001:db8::1 40001 typ host',
  'a=candidate:3 1 tcp 1520434687 192.0.2.1 40002 typ host tcptype passive',
  'a=end-of-candidates',
];
const TRANSPORT = [
  'a=ice-ufrag:abcd1234',
  `a=ice-pwd:${'x'.repeat(32)}`,
  `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`,
  'a=setup:passive',
];
const SESSION = ['v=0', 'o=- 4242 7 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=ice-lite'];
const OPUS = [
  'a=rtpmap:111 opus/48000/2',
  'a=fmtp:111 minptime=10;usedtx=1;stereo=0;maxaveragebitrate=40000',
  'a=ptime:20',
];
const STREAM = ['a=msid:mix mix', 'a=ssrc:4242 cname:mixer'];
const OPEN = (mid: string) => ['c=IN IP4 192.0.2.1', `a=mid:${mid}`, ...TRANSPORT];

const answer = (sdp: string) => writeAnswer(parseOffer(sdp), OPTIONS);
const lines = (sdp: string) => answer(sdp).split('\r\n').slice(0, -1);

test('the answer to a Chromium offer, line by line', (t) => {
  t.same(lines(CHROMIUM), [
    ...[...SESSION, 'a=group:BUNDLE 0', 'a=msid-semantic: WMS *'],
    ...['m=audio 40000 UDP/TLS/RTP/SAVPF 63 111', ...OPEN('0'), 'a=rtcp-mux', 'a=sendrecv'],
    ...['a=rtpmap:63 red/48000/2', 'a=fmtp:63 111/111', ...OPUS],
    ...['a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level', ...STREAM, ...CANDIDATES],
  ]);
  t.notOk(/(?<!\r)\n|\r(?!\n)/.test(answer(CHROMIUM)), 'all lines end with CRLF');
  t.end();
});

test('music is asked for in stereo, at a high bit rate and without DTX', (t) => {
  const text = writeAnswer(parseOffer(CHROMIUM), { ...OPTIONS, kind: 'music' });
  t.match(text, 'a=fmtp:111 minptime=10;stereo=1;maxaveragebitrate=128000\r\n');
  t.notMatch(text, 'usedtx');
  t.end();
});

test('other sections of the bundle are inactive with transport, candidates and codec, so the one carrying it is not refused', (t) => {
  t.same(lines(sdpOffer([VIDEO, { mid: 'a' }, DATA])), [
    ...[...SESSION, 'a=group:BUNDLE v a d', 'a=msid-semantic: WMS *'],
    ...['m=video 40000 UDP/TLS/RTP/SAVPF 97', ...OPEN('v'), 'a=rtcp-mux', 'a=inactive'],
    ...['a=rtpmap:97 VP8/90000', 'a=fmtp:97 max-fs=12288', ...CANDIDATES],
    ...[
      'm=audio 40000 UDP/TLS/RTP/SAVPF 111',
      ...OPEN('a'),
      'a=rtcp-mux',
      'a=sendrecv',
      ...OPUS,
      ...STREAM,
      ...CANDIDATES,
    ],
    ...[
      'm=application 40000 UDP/DTLS/SCTP webrtc-datachannel',
      ...OPEN('d'),
      'a=inactive',
      'a=sctp-port:5000',
      ...CANDIDATES,
    ],
  ]);
  t.end();
});

test('data channels in their older form are answered in that form', (t) => {
  const old = { ...DATA, protocol: 'DTLS/SCTP', formats: '5000', lines: ['a=sctpmap:5000 webrtc-datachannel 1024'] };
  const text = answer(sdpOffer([{}, old]));
  t.match(text, /^m=application 40000 DTLS\/SCTP 5000\r$/m);
  t.match(text, /^a=sctpmap:5000 webrtc-datachannel\r$/m);
  t.notMatch(text, /sctp-port/);
  t.end();
});

test('a section outside the bundle is refused, but has a transport and a codec', (t) => {
  t.same(lines(sdpOffer([{ mid: 'a' }, VIDEO, { mid: null, kind: 'text' }], { group: '' })), [
    ...[...SESSION, 'a=msid-semantic: WMS *'],
    ...[
      'm=audio 40000 UDP/TLS/RTP/SAVPF 111',
      ...OPEN('a'),
      'a=rtcp-mux',
      'a=sendrecv',
      ...OPUS,
      ...STREAM,
      ...CANDIDATES,
    ],
    ...['m=video 0 UDP/TLS/RTP/SAVPF 97', 'c=IN IP4 0.0.0.0', 'a=mid:v', ...TRANSPORT, 'a=inactive'],
    ...['a=rtpmap:97 VP8/90000', 'a=fmtp:97 max-fs=12288'],
    ...['m=text 0 UDP/TLS/RTP/SAVPF webrtc-datachannel', 'c=IN IP4 0.0.0.0', ...TRANSPORT, 'a=inactive'],
  ]);
  t.end();
});

test('attributes follow the direction: a stream where we send, a level where we receive or may do so later', (t) => {
  const level = 'a=extmap:5 urn:ietf:params:rtp-hdrext:ssrc-audio-level';
  const said = (...directions: Direction[]) => {
    const text = sdpOffer(directions.map((direction) => ({ direction, lines: [level] })));
    const ours = parse(answer(text)).media.map(
      ({ direction, ssrcs, msid, ext }) =>
        `${direction}${ssrcs === undefined || msid === undefined ? '' : ' stream'}${ext === undefined ? '' : ' level'}`,
    );
    return [answeredDirection(parseOffer(text)), ...ours].join(', ');
  };
  t.equal(said('sendrecv'), 'sendrecv, sendrecv stream level');
  t.equal(said('sendonly'), 'recvonly, recvonly level');
  t.equal(said('recvonly'), 'sendonly, sendonly stream level');
  t.equal(said('inactive'), 'inactive, inactive level');
  t.equal(said('recvonly', 'sendonly'), 'sendrecv, sendonly stream, recvonly level');
  t.equal(said('inactive', 'sendrecv'), 'sendrecv, inactive, sendrecv stream level');
  t.end();
});

test('two sections that carry speech together keep their payload types, whichever comes first', (t) => {
  const sections: OfferSection[] = [
    { direction: 'recvonly', opus: 96 },
    { direction: 'sendonly', opus: 97 },
  ];
  for (const offered of [sections, [...sections].reverse()]) {
    const text = sdpOffer(offered);
    const offer = parseOffer(text);
    t.equal(offer.opusPayloadType, 97, 'the one we receive');
    t.equal(offer.sentOpusPayloadType, 96, 'the one we send');
    const answered = parse(answer(text)).media.map(({ payloads, rtp, direction }) => ({ payloads, rtp, direction }));
    const of = (payload: number, direction: Direction) => ({ payloads: payload, rtp: [{ payload }], direction });
    t.match(
      answered.sort((a, b) => Number(a.payloads) - Number(b.payloads)),
      [of(96, 'sendonly'), of(97, 'recvonly')],
    );
  }
  t.end();
});

test('an answer without RED, level or mid leaves them out', (t) => {
  const text = answer(sdpOffer([{ mid: null }], { group: '' }));
  t.notMatch(text, /red|extmap|a=mid|BUNDLE/);
  t.match(text, /^m=audio 40000 UDP\/TLS\/RTP\/SAVPF 111\r$/m);
  t.end();
});

test('the sections have the address of the first candidate, in either family', (t) => {
  const [v4, v6, tcp] = OPTIONS.candidates as [never, never, never];
  const first = (...candidates: never[]) => {
    const text = writeAnswer(parseOffer(sdpOffer([{}, VIDEO])), { ...OPTIONS, candidates });
    return [...text.matchAll(/^(?:m=\S+ |c=IN )(\d+|IP\d \S+)/gm)]
      .map(([, field]) => field)
      .join(' ')
      .replace(/\r/g, '');
  };
  t.equal(first(v4, v6), '40000 IP4 192.0.2.1 40000 IP4 192.0.2.1');
  t.equal(first(v6, v4, tcp), '40001 IP6 2001:db8::1 40001 IP6 2001:db8::1');
  t.throws(() => writeAnswer(parseOffer(CHROMIUM), { ...OPTIONS, candidates: [] }), RangeError);
  t.end();
});

test('in-band FEC is not requested, whatever is offered', (t) => {
  for (const name of readdirSync(FIXTURES))
    t.notMatch(answer(readFileSync(new URL(name, FIXTURES), 'utf8')), /useinbandfec/, name);
  t.end();
});

test('any sections in any order are answered in their place, in their protocol and never beyond the offer', (t) => {
  const section: fc.Arbitrary<OfferSection> = fc.record({
    kind: fc.constantFrom('audio', 'video', 'application', 'text'),
    direction: fc.constantFrom('sendrecv', 'sendonly', 'recvonly', 'inactive'),
    port: fc.constantFrom(0, 9, 9),
    protocol: fc.constantFrom('UDP/TLS/RTP/SAVPF', 'RTP/SAVP', 'UDP/DTLS/SCTP'),
    lines: fc.constantFrom([], ['a=bundle-only'], ['a=fmtp:111 useinbandfec=1']),
  });
  const seed = Math.floor(Math.random() * 2 ** 31);
  t.comment(`seed ${seed}`);
  fc.assert(
    fc.property(fc.array(section, { maxLength: 6 }), fc.nat(7), fc.nat(7), (others, place, bundled) => {
      const sections = [...others.slice(0, place), { lines: [] }, ...others.slice(place)];
      const group = sections.slice(0, bundled).map((_, index) => index);
      const text = sdpOffer(sections, { group: group.length === 0 ? '' : `BUNDLE ${group.join(' ')}` });
      const [offered, answered] = [parse(text), parse(answer(text))];
      const mids = String(answered.groups?.[0]?.mids ?? '').split(' ');
      const carriers = answered.media.filter(({ port }) => port !== 0);
      return (
        answered.media.length === offered.media.length &&
        answered.media.every((media, index) => {
          const before = offered.media[index]!;
          const isInGroup = mids.includes(String(media.mid));
          return (
            media.type === before.type &&
            media.protocol === before.protocol &&
            media.mid === before.mid &&
            String(before.payloads).split(' ').includes(String(media.payloads)) &&
            (media.port === 0 ? media.direction === 'inactive' && !isInGroup : media.candidates?.length === 3) &&
            (carriers.length === 1 || (media.port !== 0) === isInGroup) &&
            media.iceUfrag === OPTIONS.ufrag &&
            media.setup === 'passive' &&
            media.fingerprint !== undefined
          );
        })
      );
    }),
    { seed, numRuns: cases(300) },
  );
  t.end();
});

test('whatever is offered, none of it breaks out of a line of the answer', (t) => {
  const prng = createPrng(13);
  const texts = readdirSync(FIXTURES).map((name) => readFileSync(new URL(name, FIXTURES), 'utf8'));
  const outcomes = { answered: 0, refused: 0 };
  const own =
    /^(?:v=0|s=-|t=0 0|o=- 4242 7 IN IP4 127\.0\.0\.1|c=IN IP[46] \S+|m=[!-~]+ \d+ [!-~]+(?: [!-~]+)+|a=[ -~]+)$/;
  for (let i = 0; i < cases(1000); i++) {
    let text = texts[i % texts.length]!;
    for (let n = 0; n < 4; n++) {
      const at = Math.floor(prng() * text.length);
      const cut = Math.floor(prng() * 6);
      const inserted = ['', '\r', '\n', ' ', '0', ':', '\u0000', 'ü', 'a=mid:', '\r\nm=audio 0 x y'][
        Math.floor(prng() * 10)
      ]!;
      text = text.slice(0, at) + inserted + text.slice(at + cut);
    }
    let answered: string[];
    try {
      answered = lines(text);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      outcomes.refused++;
      continue;
    }
    outcomes.answered++;
    for (const line of answered) if (!own.test(line)) t.fail(JSON.stringify(line));
  }
  t.ok(outcomes.answered > cases(100) && outcomes.refused > cases(100), JSON.stringify(outcomes));
  t.end();
});

test("an answer contains none of the offer's transport", (t) => {
  const text = answer(sdpOffer([{ transport: transport('theirufrag', 'q'.repeat(24), 'CD') }, VIDEO]));
  t.notMatch(text, /theirufrag|qqqq|CD:CD|actpass/);
  t.end();
});
