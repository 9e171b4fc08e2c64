import { test } from 'tap';
import { outputSdp } from '../../../src/gateways/rtp/output-sdp.ts';

const OUTPUT = { room: 'lobby', address: '192.0.2.1', port: 5004, payloadType: 111, ssrc: 42, key: undefined };

test('a player learns where to listen, and for what', async (t) => {
  t.same(outputSdp(OUTPUT).split('\r\n'), [
    ...['v=0', 'o=- 42 1 IN IP4 192.0.2.1', 's=lobby', 'c=IN IP4 192.0.2.1', 't=0 0'],
    ...['m=audio 5004 RTP/AVP 111', 'a=rtpmap:111 opus/48000/2', 'a=fmtp:111 sprop-stereo=1'],
    ...['a=ptime:20', 'a=sendonly', ''],
  ]);
});

test('with a key, it is SRTP', async (t) => {
  const lines = outputSdp({ ...OUTPUT, address: '2001:db8::1', key: 'KEY' }).split('\r\n');
  t.ok(lines.includes('c=IN IP6 2001:db8::1'));
  t.ok(lines.includes('m=audio 5004 RTP/SAVP 111'));
  t.equal(lines.at(-2), 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:KEY');
});

test('the name of a room stays a name', async (t) => {
  t.match(outputSdp({ ...OUTPUT, room: 'a\r\nm=audio 1 RTP/AVP 0' }), /^s=a {2}m=audio 1 RTP\/AVP 0\r$/m);
});
