import { readFileSync } from 'node:fs';
import { fragmentOf, parseFragment, withCredentials } from '../../../src/gateways/whip/sdp-fragment.ts';
import { AppError } from '../../../src/lib/errors.ts';
import { parseOffer } from '../../../src/rtc/sdp/sdp-offer.ts';
import { type FuzzTarget, hold } from '../target.ts';

const OFFER = readFileSync('test/fixtures/sdp/obs-32.sdp', 'utf8');
const BEFORE = parseOffer(OFFER);

/** The body of a PATCH by a client of WHIP or WHEP. */
export const sdpFragment: FuzzTarget = {
  name: 'sdp-fragment',
  files: ['src/gateways/whip/sdp-fragment.ts'],
  maxBytes: 40_000,
  maxMs: 40,
  seeds: () => [
    Buffer.from(
      'a=ice-ufrag:EsAw\r\na=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n',
    ),
    Buffer.from('m=audio 9 x 0\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 5 typ host\r\na=end-of-candidates\r\n'),
  ],
  tokens: ['\r\n', '\n', '\r', '\0', '\u2028', 'a=ice-ufrag:', 'a=ice-pwd:', 'm=audio 9 x 0\r\n', '$1', '$&'],
  run: (input) => {
    const text = Buffer.from(input).toString('utf8');
    let credentials: ReturnType<typeof parseFragment>;
    try {
      credentials = parseFragment(text);
    } catch (error) {
      hold(error instanceof AppError && error.code === 'invalid_sdp', `only invalid_sdp is thrown, not ${error}`);
      return;
    }
    fragmentOf(text);
    if (credentials === null) return;
    const changed = parseOffer(withCredentials(OFFER, credentials));
    hold(
      changed.iceUfrag === credentials.ufrag && changed.icePassword === credentials.password,
      'they are in the offer',
    );
    const { iceUfrag, icePassword } = BEFORE;
    const others = { ...changed, iceUfrag, icePassword };
    hold(JSON.stringify(others) === JSON.stringify(BEFORE), 'nothing else in the offer changes');
  },
};
