import { readFileSync } from 'node:fs';
import { test } from 'tap';
import { credentialsIn, fragmentOf, parseFragment, withCredentials } from '../../../src/gateways/whip/sdp-fragment.ts';
import { toAppError } from '../../../src/lib/errors.ts';
import { writeAnswer } from '../../../src/rtc/sdp/sdp-answer.ts';
import { parseOffer } from '../../../src/rtc/sdp/sdp-offer.ts';

const FIXTURES = new URL('../../fixtures/sdp/', import.meta.url);
const OBS = readFileSync(new URL('obs-30-1.sdp', FIXTURES), 'utf8');
const NEW = { ufrag: 'EsAw', password: 'bP+XJMM09aR8AiX1jdukzR6Y' };

/** As in RFC 9725 section 4.3.2. */
const TRICKLE = [
  ...['a=group:BUNDLE 0 1', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:0', `a=ice-ufrag:${NEW.ufrag}`],
  ...[`a=ice-pwd:${NEW.password}`, 'a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0'],
  ...['a=end-of-candidates', ''],
];

function refusal(text: string): string {
  try {
    parseFragment(text);
    return 'accepted';
  } catch (thrown) {
    return toAppError(thrown).message;
  }
}

test('a fragment has credentials or none', (t) => {
  t.same(parseFragment(TRICKLE.join('\r\n')), NEW);
  t.same(parseFragment(TRICKLE.join('\n')), NEW);
  t.equal(parseFragment('m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=end-of-candidates\r\n'), null);
  t.equal(parseFragment(''), null);
  t.match(refusal(`a=ice-ufrag:${NEW.ufrag}\r\n`), /only one of/);
  t.match(refusal(`a=ice-pwd:${NEW.password}\r\n`), /only one of/);
  t.match(refusal(`a=ice-ufrag:abc\r\na=ice-pwd:${NEW.password}\r\n`), /credentials in the fragment are invalid/);
  t.match(refusal(`a=ice-ufrag:abcd\r\na=ice-pwd:short\r\n`), /credentials in the fragment are invalid/);
  t.match(refusal('{"candidate": ""}'), /not SDP/);
  t.end();
});

test('new credentials take the place of all old ones, and nothing else changes', (t) => {
  const changed = withCredentials(OBS, NEW);
  t.same(credentialsIn(changed), NEW);
  const { iceUfrag, icePassword, ...offer } = parseOffer(changed);
  const { iceUfrag: _, icePassword: __, ...before } = parseOffer(OBS);
  t.same([iceUfrag, icePassword], [NEW.ufrag, NEW.password]);
  t.same(offer, before);
  const chromium = readFileSync(new URL('chromium-video-data.sdp', FIXTURES), 'utf8');
  t.notMatch(withCredentials(chromium, NEW), new RegExp(credentialsIn(chromium).ufrag));
  t.end();
});

test('the answer to a restart has the new credentials, and the candidates once', (t) => {
  const answer = writeAnswer(parseOffer(OBS), {
    version: 2,
    ufrag: 'abcd1234',
    password: 'x'.repeat(32),
    ssrc: 1,
    cname: 'c',
    fingerprint: { algorithm: 'sha-256', value: Array(32).fill('AB').join(':') },
    candidates: [{ protocol: 'udp', address: '192.0.2.1', port: 40_000 }],
  });
  t.same(fragmentOf(answer).split('\r\n'), [
    ...['a=ice-lite', 'a=ice-ufrag:abcd1234', `a=ice-pwd:${'x'.repeat(32)}`],
    ...['m=audio 40000 UDP/TLS/RTP/SAVPF 111', 'a=mid:0'],
    ...['a=candidate:1 1 udp 2130706431 192.0.2.1 40000 typ host', 'a=end-of-candidates', ''],
  ]);
  t.end();
});
