import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { parse } from 'sdp-transform';
import { test } from 'tap';
import { AppError } from '../../../src/lib/errors.ts';
import { type AnswerOptions, writeAnswer } from '../../../src/rtc/sdp/sdp-answer.ts';
import { parseOffer } from '../../../src/rtc/sdp/sdp-offer.ts';
import { createPrng } from '../../helpers/prng.ts';

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/sdp/${name}.sdp`, import.meta.url), 'utf8');
const CHROMIUM = fixture('chromium-audio');
const FIREFOX = fixture('firefox-audio');
const FIXTURES = {
  chromium: CHROMIUM,
  firefox: FIREFOX,
  'chromium with video': fixture('chromium-video-data'),
  'firefox with video': fixture('firefox-video-data'),
};

const OPTIONS: AnswerOptions = {
  version: 1,
  ufrag: 'abcd1234',
  password: 'x'.repeat(32),
  fingerprint: { algorithm: 'sha-256', value: Array(32).fill('AB').join(':') },
  ssrc: 4242,
  cname: 'mixer',
  candidates: [
    { protocol: 'udp', address: '192.0.2.1', port: 40_000 },
    { protocol: 'udp', address: '2001:db8::1', port: 40_000 },
    { protocol: 'tcp', address: '192.0.2.1', port: 40_000 },
  ],
};

function refusal(sdp: string): string {
  try {
    parseOffer(sdp);
  } catch (error) {
    if (error instanceof AppError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'accepted';
}

test('what matters of a Chromium offer is read', (t) => {
  const offer = parseOffer(CHROMIUM);
  t.match(offer, {
    mid: '0',
    bundled: true,
    direction: 'sendrecv',
    iceUfrag: 'huhv',
    icePassword: 'HbYWY3e+f7uoNDrNn3rW/aBp',
    fingerprint: { algorithm: 'sha-256', value: /^16:F5:/ },
    opusPayloadType: 111,
    redPayloadType: 63,
    audioLevelExtensionId: 1,
    ssrc: 2091197064,
  });
  t.end();
});

test('what matters of a Firefox offer is read', (t) => {
  t.match(parseOffer(FIREFOX), {
    mid: '0',
    iceUfrag: '41064f5d',
    fingerprint: { algorithm: 'sha-256', value: /^1D:79:/ },
    opusPayloadType: 109,
    redPayloadType: null,
    audioLevelExtensionId: 1,
    ssrc: 1963294519,
  });
  t.end();
});

test('one audio section is accepted, and video and data are refused in their places', (t) => {
  for (const name of ['chromium with video', 'firefox with video'] as const) {
    const offer = parseOffer(FIXTURES[name]);
    t.same(
      offer.sections.map(({ kind, accepted }) => [kind, accepted]),
      [
        ['audio', true],
        ['video', false],
        ['application', false],
      ],
      name,
    );
    const answer = parse(writeAnswer(offer, OPTIONS));
    t.same(
      answer.media.map(({ type, port }) => [type, port]),
      [
        ['audio', 40_000],
        ['video', 0],
        ['application', 0],
      ],
    );
    t.same(
      answer.media.map(({ mid }) => String(mid)),
      offer.sections.map(({ mid }) => mid),
    );
    t.same(answer.groups, [{ type: 'BUNDLE', mids: offer.mid }], 'refused sections are in no bundle');
  }
  t.end();
});

test('the answer is that of an ICE-lite server that is a passive DTLS end', (t) => {
  const text = writeAnswer(parseOffer(CHROMIUM), OPTIONS);
  t.notOk(/(?<!\r)\n|\r(?!\n)/.test(text), 'all lines end with CRLF');
  t.ok(text.indexOf('a=ice-lite') < text.indexOf('m='), 'ice-lite is of the session');
  const [media] = parse(text).media;
  t.match(media, {
    port: 40_000,
    setup: 'passive',
    rtcpMux: 'rtcp-mux',
    direction: 'sendrecv',
    payloads: '63 111',
    iceUfrag: OPTIONS.ufrag,
    icePwd: OPTIONS.password,
    endOfCandidates: 'end-of-candidates',
    connection: { version: 4, ip: '192.0.2.1' },
    ssrcs: [{ id: 4242, attribute: 'cname', value: 'mixer' }],
    ext: [{ value: 1, uri: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level' }],
  });
  t.same(
    media!.candidates!.map(({ ip, priority, type, transport, tcptype }) => [ip, priority, type, transport, tcptype]),
    [
      ['192.0.2.1', 2130706431, 'host', 'udp', undefined],
      ['2001:db8::1', 2130706175, 'host', 'udp', undefined],
      ['192.0.2.1', (90 << 24) + (((4 << 13) + 0x1fff - 2) << 8) + 255, 'host', 'tcp', 'passive'],
    ],
    'UDP is preferred to TCP, where the server only listens',
  );
  t.match(media!.fmtp.find(({ payload }) => payload === 111)!.config, /useinbandfec=1;usedtx=1/);
  t.equal(media!.fmtp.find(({ payload }) => payload === 63)!.config, '111/111');
  t.end();
});

test('an answer without RED, level or stream leaves them out', (t) => {
  const listener = parseOffer(FIREFOX.replace(/a=sendrecv/g, 'a=sendonly').replace(/a=extmap:1 .*\r?\n/, ''));
  const text = writeAnswer(listener, OPTIONS);
  const [media] = parse(text).media;
  t.equal(media!.direction, 'recvonly');
  t.equal(String(media!.payloads), '109');
  t.notMatch(text, /red|extmap|ssrc|msid:/);
  t.match(writeAnswer(parseOffer(FIREFOX.replace(/a=sendrecv/g, 'a=recvonly')), OPTIONS), /a=sendonly/);
  t.throws(() => writeAnswer(listener, { ...OPTIONS, candidates: [] }), RangeError);
  t.end();
});

test('an offer that cannot be used is refused with what is wrong', (t) => {
  const without = (pattern: RegExp) => refusal(CHROMIUM.replace(pattern, ''));
  t.match(without(/a=ice-ufrag.*\r\n/), /invalid_sdp.*fragment is missing/);
  t.match(without(/a=ice-pwd.*\r\n/), /password is missing/);
  t.match(without(/a=fingerprint.*\r\n/), /fingerprint/);
  t.match(without(/a=rtcp-mux\r\n/), /rtcp-mux/);
  t.match(without(/a=setup.*\r\n/), /setup/);
  t.match(without(/a=rtpmap:111.*\r\n/), /Opus/);
  t.match(without(/m=audio[\s\S]*/), /no media section/);
  t.match(without(/v=0\r\n/), /v=0/);
  const changed = (from: string | RegExp, to: string) => refusal(CHROMIUM.replace(from, to));
  t.match(changed('setup:actpass', 'setup:passive'), /setup/);
  t.match(changed('m=audio 9', 'm=audio 0'), /Opus/);
  t.match(changed('SAVPF', 'AVPF'), /Opus/);
  t.match(changed(/111/g, '72'), /Opus/, 'a payload type that collides with RTCP');
  t.match(changed('sha-256 16', 'sha-1 16'), /fingerprint/);
  t.match(changed('sha-256 16:', 'sha-256 '), /fingerprint/);
  t.match(changed('ice-ufrag:huhv', 'ice-ufrag:hu"v'), /fragment is not valid/);
  t.match(changed('a=mid:0', 'a=mid:"'), /identification/);
  t.equal(changed('a=group:BUNDLE 0\r\n', ''), 'accepted');
  t.equal(changed('setup:actpass', 'setup:active'), 'accepted');
  t.end();
});

test('RED around something else than this Opus is not negotiated', (t) => {
  t.equal(parseOffer(CHROMIUM.replace('a=fmtp:63 111/111', 'a=fmtp:63 0/0')).redPayloadType, null);
  t.equal(parseOffer(CHROMIUM.replace('a=fmtp:63 111/111\r\n', '')).redPayloadType, null);
  t.end();
});

test('a description that is too large is not parsed', (t) => {
  t.match(refusal(`${CHROMIUM}a=${'x'.repeat(16 * 1024)}\r\n`), /^sdp_too_large/);
  t.match(refusal(CHROMIUM + 'a=x\r\n'.repeat(300)), /^sdp_too_large/);
  t.match(refusal('ü'.repeat(9000)), /^sdp_too_large/);
  t.end();
});

test('whatever is offered is answered or refused in words, and nothing of it breaks out of a line', (t) => {
  const prng = createPrng(13);
  const texts = Object.values(FIXTURES);
  const outcomes = { answered: 0, refused: 0 };
  const own =
    /^(?:v=0|s=-|t=0 0|o=- 4242 1 IN IP4 127\.0\.0\.1|c=IN IP[46] \S+|m=[!-~]+ \d+ [!-~]+(?: [!-~]+)+|a=[ -~]+)$/;
  for (let i = 0; i < 3000; i++) {
    let text = texts[i % texts.length]!;
    for (let n = 0; n < 4; n++) {
      const at = Math.floor(prng() * text.length);
      const cut = Math.floor(prng() * 6);
      const inserted = ['', '\r', '\n', ' ', '0', ':', '\u0000', 'ü', 'a=mid:', '\r\nm=audio 0 x y'][
        Math.floor(prng() * 10)
      ]!;
      text = text.slice(0, at) + inserted + text.slice(at + cut);
    }
    let answer: string;
    try {
      answer = writeAnswer(parseOffer(text), OPTIONS);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      outcomes.refused++;
      continue;
    }
    outcomes.answered++;
    for (const line of answer.split('\r\n').slice(0, -1)) if (!own.test(line)) t.fail(JSON.stringify(line));
  }
  t.ok(outcomes.answered > 100 && outcomes.refused > 100, JSON.stringify(outcomes));
  fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => refusal(`v=0\n${text}`) !== 'accepted'));
  t.end();
});
