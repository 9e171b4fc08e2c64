import { readdirSync, readFileSync } from 'node:fs';
import { writeOffer } from '../../../bench/client/session-description.ts';
import { AppError } from '../../../src/lib/errors.ts';
import { writeAnswer } from '../../../src/rtc/sdp/sdp-answer.ts';
import { type AudioOffer, MAX_SECTIONS, parseOffer, SDP_LIMITS } from '../../../src/rtc/sdp/sdp-offer.ts';
import { type FuzzTarget, hold } from '../target.ts';

const FINGERPRINT = Array.from({ length: 32 }, () => 'AB').join(':');
const LINE = /^[vostcma]=[\x20-\x7e]*$/;

export const sdp: FuzzTarget = {
  name: 'sdp',
  files: ['src/rtc/sdp/sdp-offer.ts', 'src/rtc/sdp/offered-codecs.ts', 'src/rtc/sdp/sdp-answer.ts'],
  maxBytes: 40_000,
  // The library's own parse time for an offer of maximum length.
  maxMs: 80,
  weight: 2,
  seeds: () => [
    Buffer.from(writeOffer({ iceUfrag: 'abcd', icePwd: 'p'.repeat(24), fingerprint: FINGERPRINT, ssrc: 1 })),
    ...captured(),
  ],
  tokens: [
    ...['\r\n', '\n', '\r', '\0', ' ', '\u00e9', '\u2028', 'm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n', 'm=video 9 x 1\r\n'],
    ...[
      'a=mid:0\r\n',
      'a=group:BUNDLE 0 1\r\n',
      'a=setup:active\r\n',
      'a=rtpmap:111 opus/48000/2\r\n',
      'a=rtcp-mux\r\n',
    ],
    ...[
      'a=fmtp:63 111/111\r\n',
      'a=ssrc:1 cname:x\r\n',
      'a=sendonly\r\n',
      'a=recvonly\r\n',
      'a=bundle-only\r\n',
      'a=sctpmap:5000 webrtc-datachannel 1024\r\n',
      'a=ice-ufrag:',
      'a=ice-pwd:',
      'a=',
      '__proto__',
    ],
    ...['a=candidate:1 1 udp 1 1.2.3.4 5 typ host\r\n', 'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n'],
    `a=fingerprint:sha-256 ${FINGERPRINT}\r\n`,
  ],
  run: (input) => {
    const text = Buffer.from(input).toString('utf8');
    let offer: AudioOffer;
    try {
      offer = parseOffer(text);
    } catch (error) {
      hold(error instanceof AppError, `only an AppError is thrown, not ${error}`);
      hold(
        error.code === 'invalid_sdp' || error.code === 'sdp_too_large',
        `the error is one for offers, not ${error.code}`,
      );
      return;
    }
    hold(input.length <= SDP_LIMITS.maxBytes, 'the length of an offer is bounded');
    const speech = offer.sections.filter(({ role }) => role === 'speech').length;
    hold(
      speech === 1 || (speech === 2 && offer.direction === 'sendrecv'),
      'speech goes through one section, or one for each direction',
    );
    hold(offer.sections.length <= MAX_SECTIONS, 'the number of sections is bounded');
    hold(offer.opusPayloadType >= 35 && offer.opusPayloadType <= 127, 'the payload type is dynamic');
    const answer = writeAnswer(offer, {
      version: 1,
      ufrag: 'server12',
      password: 's'.repeat(24),
      fingerprint: { algorithm: 'sha-256', value: FINGERPRINT },
      ssrc: 5,
      cname: 'mix',
      candidates: [{ protocol: 'udp', address: '192.0.2.1', port: 40_000 }],
    });
    const lines = answer.split('\r\n').slice(0, -1);
    hold(
      lines.every((line) => LINE.test(line)),
      'nothing in the offer breaks the lines of the answer',
    );
    hold(lines.filter((line) => line.startsWith('m=')).length === offer.sections.length, 'each section has its answer');
    hold(answer.length < 3000 + 1000 * offer.sections.length, 'the length of an answer is bounded');
  },
};

/** The offers of real browsers that the tests keep, wherever this file is built to. */
function captured(): Buffer[] {
  const folder = 'test/fixtures/sdp';
  return readdirSync(folder).map((name) => readFileSync(`${folder}/${name}`));
}
